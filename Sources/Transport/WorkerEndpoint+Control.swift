import Systems

extension WorkerEndpoint {
    /// Changes what the next heartbeat says; cheap enough for every instruction.
    package func updateStatus(_ body: (inout WorkerStatus) -> Void) { status.update(body) }

    /// Sends an opaque message to the coordinator, in pieces where it is long; order is kept. Returns at once, or where the
    /// coordinator does not read and a few MiB wait for it, when there is room again.
    /// - Parameter more: whether another one follows at once: then the network thread is woken for both together.
    /// - Precondition: at most 256 MiB.
    package func sendApplication(_ bytes: [UInt8], more: Bool = false) {
        precondition(bytes.count <= ControlMessage.maxApplicationSize, "an application message of \(bytes.count) bytes")
        awaitRoom()
        post(ControlMessage.pieces(of: bytes), more: more)
    }

    /// Waits until the outbox has room, or the plane has failed: no peer reads messages after a failure.
    private func awaitRoom() {
        guard state.withLock({ !$0.outbox.hasRoom && $0.failure == nil }) else { return }
        // The queued messages may have been posted without waking the network thread.
        wake()
        _ = state.wait { state -> Void? in
            if state.outbox.hasRoom || state.failure != nil { return () }
            state.isOutboxAwaited = true
            return nil
        }
    }

    /// The coordinator's next opaque message; nil when none came in time.
    package func receiveApplication(timeout: Duration? = nil) throws(TransportError) -> [UInt8]? {
        let deadline = timeout?.after(MonotonicClock.now) ?? .max
        return try state.wait(until: deadline, spinTime: configuration.spinTime) {
            (state) throws(TransportError) -> [UInt8]? in
            if let failure = state.failure { throw failure }
            return state.inbox.popFirst()
        }
    }

    /// Reports to the coordinator why this worker ends, and ends all of its waits. Close without a goodbye afterwards.
    package func fail(code: Int32, _ text: String) {
        report(code: code, text)
        state.update { $0.fail(.aborted(text)) }
    }

    /// Tells the coordinator of a failure, unless it has ended the run itself. Wait for its orders afterwards.
    package func report(code: Int32, _ text: String) {
        guard state.withLock({ $0.orders == nil }) else { return }
        post([.failure(code: code, text: text)])
    }

    /// Behind a failure that may be another's: waits for what the coordinator makes of it.
    /// - Returns: where this worker goes over to; nil: the run is over for it.
    package func awaitOrders(timeout: Duration) -> [UInt8]? {
        let deadline = timeout.after(MonotonicClock.now)
        let orders = state.wait(until: deadline) { state -> [UInt8]? in
            if let orders = state.orders { return orders }
            return state.failure == .coordinatorGone || state.stage == .closed ? [] : nil
        }
        return orders.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func post(_ messages: [ControlMessage], more: Bool = false) {
        state.withLock { state in
            for message in messages { state.outbox.append(message) }
        }
        if !more { wake() }
    }
}
