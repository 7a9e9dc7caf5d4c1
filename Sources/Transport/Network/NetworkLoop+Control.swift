import Systems

extension NetworkLoop {
    func handle(control bytes: [UInt8]) throws(TransportError) {
        let (message, runID) = try decode(bytes)
        try learn(runID)
        switch message {
        case .refused(let text): throw .refused(text)
        case .abort(let text, let next):
            // From here on the coordinator may close this connection.
            isDismissed = !next.isEmpty
            state.update { state in
                state.orders = next
                state.fail(.aborted(text))
            }
        case .peers(let sockets, let keys): try connect(sockets, keys)
        case .dismissed: isDismissed = true
        case .ping(let time):
            state.withLock { $0.outbox.append(.pong(ping: time, clock: configuration.clock())) }
        case .go: state.update { $0.stage = .running }
        case .application(let piece, let more):
            guard let whole = try reassembly.add(piece, more: more) else { return }
            state.update { $0.inbox.append(whole) }
        case .hello, .ready, .status, .failure, .goodbye, .pong:
            throw .malformed("control message", expected: "one of the coordinator's", got: "one of a worker's")
        }
    }

    private func decode(_ bytes: [UInt8]) throws(TransportError) -> (message: ControlMessage, runID: UInt64) {
        do throws(TransportError) { return try ControlMessage.decode(bytes) } catch {
            guard case .otherVersion = error else { throw error }
            throw .refused("\(error)")
        }
    }

    private func learn(_ runID: UInt64) throws(TransportError) {
        try state.withLock { (state) throws(TransportError) in
            if state.runID == 0 { state.runID = runID }
            guard state.runID == runID else {
                throw .malformed("control message, run", expected: "\(state.runID)", got: "\(runID)")
            }
        }
    }

    private func connect(_ sockets: [BoundSocket], _ keys: [Int: PublicKey]) throws(TransportError) {
        isConnecting = true
        try wire.connect(sockets, keys: keys)
        if state.withLock({ $0.links.allSatisfy(\.isConnected) }) && isConnecting { becomeReady() }
    }

    /// Whether the thread may end: at once when asked to close abruptly or after a failure, else after all goodbyes.
    func isDone() throws(TransportError) -> Bool {
        let (closing, failed, running) = state.withLock { ($0.closing, $0.failure != nil, $0.stage == .running) }
        switch closing {
        case .no: return false
        case .goodbye where running && !failed: return try isFarewellOver()
        case .goodbye, .abrupt: return try isFlushed()
        }
    }

    /// First the peers, then the coordinator, which has to confirm.
    private func isFarewellOver() throws(TransportError) -> Bool {
        guard state.withLock({ $0.isLinkQueueEmpty }), try sayGoodbyes() else { return false }
        guard state.withLock({ $0.links.allSatisfy { $0.isOver } }) else { return false }
        if !saidGoodbye { state.withLock { $0.outbox.append(.goodbye) } }
        saidGoodbye = true
        try pumpControl()
        return isDismissed
    }

    /// Whether all control messages have left, or have had their time.
    private func isFlushed() throws(TransportError) -> Bool {
        let now = MonotonicClock.now
        let deadline = flushDeadline ?? Duration.milliseconds(Self.linger).after(now)
        flushDeadline = deadline
        try pumpControl()
        return state.withLock { $0.outbox.isEmpty || !$0.hasCoordinator } || now >= deadline
    }
}
