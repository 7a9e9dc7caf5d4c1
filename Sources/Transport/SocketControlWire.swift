internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// The coordinator's ROUTER: bound to an ipc socket in a private directory, and to a loopback port where wanted.
final class SocketControlWire: ControlWire {
    let ipcAddress: String
    let tcpAddress: String?
    private let directory: SocketDirectory
    private let context: Context
    private let router: Socket
    private let monitor: SocketMonitor
    /// Who has spoken over each descriptor, oldest first: the system gives the descriptor of an ended connection away
    /// again, maybe before that end is told.
    private var peers: [Int32: [Rendezvous.Peer]] = [:]

    init(tcpAddress wanted: String?, socketParent: String) throws(TransportError) {
        if let wanted { try Address.check(wanted) }
        directory = try SocketDirectory(in: socketParent)
        ipcAddress = "ipc://\(directory.path)/control"
        try Address.check(ipcAddress)
        context = try Context()
        do throws(TransportError) { router = try Socket(context, ZMQ_ROUTER) } catch {
            context.end()
            throw error
        }
        do throws(TransportError) {
            try LinkOptions.applyToRouter(router)
            monitor = try SocketMonitor(context, of: router, name: "router")
        } catch {
            router.close(lingerMilliseconds: 0)
            context.end()
            throw error
        }
        do throws(TransportError) {
            try router.bind(ipcAddress)
            tcpAddress = if let wanted { try router.bind(wanted) } else { nil }
        } catch {
            monitor.close()
            router.close(lingerMilliseconds: 0)
            context.end()
            throw error
        }
    }

    func poll(until deadline: UInt64, into events: inout [ControlWireEvent]) throws(TransportError) {
        let now = MonotonicClock.now
        let milliseconds = deadline > now ? Int(min(60_000, (deadline - now) / 1_000_000 + 1)) : 0
        var items = [monitor.socket, router].map {
            zmq_pollitem_t(socket: $0.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        }
        guard zmq_poll(&items, 2, milliseconds) >= 0 else {
            if zmq_errno() == EINTR { return }
            throw .lastError("poll the coordinator's socket")
        }
        let ended = try endedConnections()
        try receiveMessages(&events)
        // After the messages: a worker's last words come before its end.
        for descriptor in ended {
            guard let peer = peers[descriptor]?.first else { continue }
            peers[descriptor]?.removeFirst()
            events.append(.lost(peer))
        }
    }

    private func endedConnections() throws(TransportError) -> [Int32] {
        var ended: [Int32] = []
        while let event = try monitor.next() {
            if case .disconnected(let descriptor) = event { ended.append(descriptor) }
        }
        return ended
    }

    private func receiveMessages(_ events: inout [ControlWireEvent]) throws(TransportError) {
        while let (parts, descriptor) = try router.receiveParts() {
            guard parts.count == 2 else { continue }
            let peer = Rendezvous.Peer(parts[0])
            if peers[descriptor]?.contains(peer) != true { peers[descriptor, default: []].append(peer) }
            events.append(.message(peer, parts[1]))
        }
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
        context.end()
    }
}
