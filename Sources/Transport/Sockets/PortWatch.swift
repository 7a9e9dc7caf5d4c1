#if canImport(Glibc)
    import Glibc
#endif

/// Watches a link's socket that is bound at a port: tells of those who were refused there, and lets few of them wait.
final class PortWatch {
    private let monitor: SocketMonitor
    private var ledger = ConnectionLedger()
    /// Connections that have not proved to be the peer's: beyond this the oldest are shut.
    private let limit: Int

    init(_ context: Context, of socket: Socket, name: String, limit: Int) throws(TransportError) {
        monitor = try SocketMonitor(context, of: socket, name: name)
        self.limit = limit
    }

    var socket: Socket { monitor.socket }

    /// - Returns: where those came from whose handshakes failed; nil where that is not known.
    func read() throws(TransportError) -> [String?] {
        while let event = try monitor.next() {
            ledger.note(event)
            // The rule of the port's door lets in one peer, and that once.
            if event == .connected { ledger.admitAll() }
        }
        ledger.settle()
        ledger.shutStrangers(beyond: limit)
        return ledger.takeRefusals()
    }

    func close() { monitor.close() }
}

extension ConnectionLedger {
    /// What a bound socket's monitor reports.
    mutating func note(_ event: SocketMonitor.Event) {
        switch event {
        case .accepted(let descriptor): accepted(descriptor, from: Address.peer(of: descriptor))
        case .disconnected(let descriptor): over(descriptor)
        case .refused: failed()
        // Only the run's owner can enter the ipc socket's directory: there it is a worker that was too slow on a busy
        // machine, and connects again.
        case .unfinished(let address): if !address.hasPrefix("ipc://") { failed() }
        // The authenticator has told of them.
        case .denied: break
        case .connected, .unreachable: break
        }
    }

    /// Call after `settle`, with every event read: a descriptor is another connection's only after its end was reported.
    mutating func shutStrangers(beyond limit: Int) {
        for descriptor in evict(beyond: limit) { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}
