internal import Synchronization
import Systems

/// The in-memory twin: endpoints and a coordinator of one process that speak the same protocol without sockets.
package final class InMemoryNetwork: Sendable {
    struct Registry {
        var ports: [UInt64: MemoryPort] = [:]
        var server: MemoryServerPort?
        var nextID: UInt64 = 1
        /// Which ports are connected to which bound link, to notify them when that port closes.
        var connections: [(from: UInt64, link: Int, to: UInt64)] = []
        /// What workers sent before the coordinator listened.
        var early: [(peer: UInt64, bytes: [UInt8])] = []
    }

    let registry = Mutex(Registry())

    package init() {}

    func add(_ port: MemoryPort) -> UInt64 {
        registry.withLock { registry in
            defer { registry.nextID += 1 }
            registry.ports[registry.nextID] = port
            return registry.nextID
        }
    }

    func add(_ server: MemoryServerPort) {
        registry.withLock { registry in
            registry.server = server
            for (peer, bytes) in registry.early { server.deliver(.message(peer, bytes)) }
            registry.early = []
            for port in registry.ports.values { port.deliver(.controlConnected) }
        }
    }

    var hasServer: Bool { registry.withLock { $0.server != nil } }

    func port(_ id: UInt64) -> MemoryPort? { registry.withLock { $0.ports[id] } }

    func sendToServer(_ bytes: [UInt8], from peer: UInt64) {
        registry.withLock { registry in
            guard let server = registry.server else { return registry.early.append((peer, bytes)) }
            server.deliver(.message(peer, bytes))
        }
    }

    /// False where there is no such port any more.
    func connect(from: UInt64, link: Int, to: UInt64) -> Bool {
        registry.withLock { registry in
            registry.connections.append((from, link, to))
            return registry.ports[to] != nil
        }
    }

    /// Reports to every connected port that this one is gone.
    func remove(_ id: UInt64) {
        registry.withLock { registry in
            registry.ports[id] = nil
            registry.server?.deliver(.lost(id))
            for (from, link, to) in registry.connections where to == id {
                registry.ports[from]?.deliver(.linkLost(link))
            }
            registry.connections.removeAll { $0.from == id || $0.to == id }
        }
    }

    func removeServer() {
        registry.withLock { registry in
            registry.server = nil
            for port in registry.ports.values { port.deliver(.controlLost) }
        }
    }
}

/// Where one worker's events wait for its network thread.
final class MemoryPort: Sendable {
    private struct Mail {
        var events: [WireEvent] = []
        var isWoken = false
    }

    private let mail = Shared(Mail())

    func deliver(_ event: WireEvent) { mail.update { $0.events.append(event) } }
    func wake() { mail.update { $0.isWoken = true } }

    func take(milliseconds: Int, into events: inout [WireEvent]) {
        let deadline = Duration.milliseconds(milliseconds).after(MonotonicClock.now)
        let taken = mail.wait(until: deadline) { mail -> [WireEvent]? in
            guard mail.isWoken || !mail.events.isEmpty else { return nil }
            defer { mail = Mail() }
            return mail.events
        }
        events += taken ?? []
    }
}

/// Where messages to the coordinator wait.
final class MemoryServerPort: Sendable {
    enum Mail {
        case message(UInt64, [UInt8])
        case lost(UInt64)
    }

    private let mail = Shared<[Mail]>([])

    func deliver(_ item: Mail) { mail.update { $0.append(item) } }

    func take(until deadline: UInt64) -> [Mail] {
        let taken = mail.wait(until: deadline) { mail -> [Mail]? in
            guard !mail.isEmpty else { return nil }
            defer { mail = [] }
            return mail
        }
        return taken ?? []
    }
}
