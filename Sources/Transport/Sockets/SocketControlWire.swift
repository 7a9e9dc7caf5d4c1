internal import CZeroMQ
import Systems

/// The coordinator's ROUTER: bound to an ipc socket in a private directory, and to a port where wanted. Only messages of
/// peers that proved to belong to the run are read.
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

    init(_ configuration: ControlServer.Configuration) throws(TransportError) {
        strangerLimit = configuration.world + Self.strangers
        let wanted = try configuration.tcpAddress.map { address throws(TransportError) in
            try Address.resolve(address, elsewhere: configuration.keys != nil)
        }
        // Made before the context: ZeroMQ's random numbers must not be opened while one lives.
        let port = try wanted.map { address throws(TransportError) in
            try Port(address, configuration.secret, configuration.keys)
        }
        directory = try SocketDirectory(in: configuration.socketParent)
        ipcAddress = "ipc://\(directory.path)/control"
        try Address.check(ipcAddress)
        context = try Context(descriptors: DescriptorNeeds.coordinator(world: configuration.world))
        do throws(TransportError) { authenticator = try Authenticator(context) } catch {
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
            try authenticator.decide(.password(configuration.secret.text), at: Terms.ipc)
            try Terms.demandPassword(from: router)
            try router.bind(ipcAddress)
            tcpAddress = if let port { try port.bind(router, authenticator) } else { nil }
        } catch {
            monitor.close()
            router.close(lingerMilliseconds: 0)
            authenticator.close()
            context.end()
            throw error
        }
    }

    /// Where workers started by hand connect, and who is let in there: who has a worker's key, or without keys who knows
    /// the run's secret, which then is the key of both ends.
    private struct Port {
        let address: String
        let own: CurvePair
        let known: [PublicKey: Grant]

        init(_ address: String, _ secret: RunSecret, _ keys: CoordinatorKeys?) throws(TransportError) {
            self.address = address
            own = if let keys { keys.own } else { try CurvePair(secret) }
            known =
                if let keys {
                    // Of two ranks with one key neither would be who it says.
                    Dictionary(keys.workers.map { ($1, Grant.rank($0)) }) { first, _ in first }
                } else {
                    [own.publicKey: .anyRank]
                }
        }

        func bind(_ router: Socket, _ authenticator: Authenticator) throws(TransportError) -> String {
            try authenticator.decide(.keys(known), at: Terms.port)
            try Terms.demandKey(from: router, own: own, door: Terms.port)
            return try router.bind(address)
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
        let denied = try authenticator.serve()
        if try receiveMessages(&events) { for peer in ledger.takeEnded() { events.append(.lost(peer)) } }
        while let event = try monitor.next() { ledger.note(event) }
        ledger.settle()
        ledger.shutStrangers(beyond: strangerLimit)
        let refused = denied + ledger.takeRefusals()
        if !refused.isEmpty { events.append(.strangers(from: refused)) }
    }

    /// - Returns: whether nothing is left.
    private func receiveMessages(_ events: inout [ControlWireEvent]) throws(TransportError) -> Bool {
        for _ in 0..<Self.budget {
            guard let (parts, descriptor, grant) = try router.receiveParts() else { return true }
            guard parts.count == 2, let grant else { continue }
            let peer = Rendezvous.Peer(parts[0])
            ledger.spoke(peer, over: descriptor)
            events.append(.message(peer, parts[1], grant))
        }
        return false
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
