internal import CZeroMQ
import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// The coordinator's ROUTER: bound to an ipc socket in a private directory, and to a loopback port where wanted. Only
/// messages of peers that proved to know the run's secret are read.
final class SocketControlWire: ControlWire {
    let ipcAddress: String
    let tcpAddress: String?
    private let directory: SocketDirectory
    private let context: Context
    private let authenticator: Authenticator
    private let router: Socket
    private let monitor: SocketMonitor
    private var ledger = ConnectionLedger()

    /// The most messages that one poll reads, so that no sender keeps the coordinator from its other work.
    private static let budget = 512
    /// Connections that have not proved yet to be a worker's: beyond this and one for each rank, the oldest are shut.
    static let strangers = 64
    private let strangerLimit: Int

    init(
        tcpAddress wanted: String?, socketParent: String, secret: RunSecret, world: Int
    ) throws(TransportError) {
        strangerLimit = world + Self.strangers
        let wanted = if let wanted { try Address.resolve(wanted) } else { String?.none }
        let credentials = try Credentials(secret)
        directory = try SocketDirectory(in: socketParent)
        ipcAddress = "ipc://\(directory.path)/control"
        try Address.check(ipcAddress)
        context = try Context(descriptors: DescriptorNeeds.coordinator(world: world))
        do throws(TransportError) { authenticator = try Authenticator(context, credentials) } catch {
            context.end()
            throw error
        }
        do throws(TransportError) { router = try Socket(context, ZMQ_ROUTER) } catch {
            authenticator.close()
            context.end()
            throw error
        }
        do throws(TransportError) {
            try LinkOptions.applyToRouter(router)
            monitor = try SocketMonitor(context, of: router, name: "router")
        } catch {
            router.close(lingerMilliseconds: 0)
            authenticator.close()
            context.end()
            throw error
        }
        do throws(TransportError) {
            // A socket's addresses keep the terms under which each was bound.
            try credentials.demand(from: router, at: ipcAddress)
            try router.bind(ipcAddress)
            if let wanted { try credentials.demand(from: router, at: wanted) }
            tcpAddress = if let wanted { try router.bind(wanted) } else { nil }
        } catch {
            monitor.close()
            router.close(lingerMilliseconds: 0)
            authenticator.close()
            context.end()
            throw error
        }
    }

    /// Reads messages, then the connections' events. The end of a connection is reported by the next poll, so that the
    /// messages that came before it are handled first.
    func poll(until deadline: UInt64, into events: inout [ControlWireEvent]) throws(TransportError) {
        let now = MonotonicClock.now
        let wait = deadline > now && !ledger.hasEnded ? Int(min(60_000, (deadline - now) / 1_000_000 + 1)) : 0
        var items = [monitor.socket, authenticator.socket, router].map {
            zmq_pollitem_t(socket: $0.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        }
        guard zmq_poll(&items, Int32(items.count), wait) >= 0 else {
            if zmq_errno() == EINTR { return }
            throw .lastError("poll the coordinator's socket")
        }
        try authenticator.serve()
        if try receiveMessages(&events) { for peer in ledger.takeEnded() { events.append(.lost(peer)) } }
        try readMonitor(&events)
    }

    /// - Returns: whether nothing is left.
    private func receiveMessages(_ events: inout [ControlWireEvent]) throws(TransportError) -> Bool {
        for _ in 0..<Self.budget {
            guard let (parts, descriptor) = try router.receiveParts() else { return true }
            guard parts.count == 2 else { continue }
            let peer = Rendezvous.Peer(parts[0])
            ledger.spoke(peer, over: descriptor)
            events.append(.message(peer, parts[1]))
        }
        return false
    }

    private func readMonitor(_ events: inout [ControlWireEvent]) throws(TransportError) {
        var refused = 0
        while let event = try monitor.next() {
            switch event {
            case .accepted(let descriptor): ledger.accepted(descriptor)
            case .disconnected(let descriptor): ledger.over(descriptor)
            case .refused: refused += 1
            // Only the run's owner can enter the ipc socket's directory: there it is a worker that was too slow on a busy
            // machine, and connects again.
            case .unfinished(let address): refused += address.hasPrefix("ipc://") ? 0 : 1
            case .connected, .unreachable: break
            }
        }
        ledger.settle()
        for descriptor in ledger.evict(beyond: strangerLimit) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        if refused > 0 { events.append(.strangers(refused)) }
    }

    func send(_ bytes: [UInt8], to peer: Rendezvous.Peer) throws(TransportError) {
        guard try router.send(peer.bytes, more: true) else { return }
        _ = try router.send(bytes)
    }

    func removeFiles() { directory.remove() }

    func close() {
        directory.remove()
        monitor.close()
        router.close(lingerMilliseconds: 1000)
        authenticator.close()
        context.end()
    }
}
