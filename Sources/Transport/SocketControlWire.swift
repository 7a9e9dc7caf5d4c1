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
    /// The peer behind each connection that has spoken.
    private var peers: [Int32: Rendezvous.Peer] = [:]
    /// Connections whose end was already told, because their descriptor was seen in use again.
    private var toldEnds: [Int32: Int] = [:]

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
        try receiveMonitor(&events)
        try receiveMessages(&events)
    }

    private func receiveMonitor(_ events: inout [ControlWireEvent]) throws(TransportError) {
        while let event = try monitor.next() {
            guard case .lost(let descriptor) = event else { continue }
            if let told = toldEnds[descriptor] {
                toldEnds[descriptor] = told > 1 ? told - 1 : nil
            } else if let peer = peers.removeValue(forKey: descriptor) {
                events.append(.lost(peer))
            }
        }
    }

    private func receiveMessages(_ events: inout [ControlWireEvent]) throws(TransportError) {
        while let (parts, descriptor) = try router.receiveParts() {
            guard parts.count == 2 else { continue }
            let peer = Rendezvous.Peer(parts[0])
            remember(peer, descriptor, &events)
            events.append(.message(peer, parts[1]))
        }
    }

    /// A descriptor in the hands of another peer means that its former owner's connection has ended.
    private func remember(_ peer: Rendezvous.Peer, _ descriptor: Int32, _ events: inout [ControlWireEvent]) {
        if let former = peers[descriptor], former != peer {
            toldEnds[descriptor, default: 0] += 1
            events.append(.lost(former))
        }
        peers[descriptor] = peer
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
