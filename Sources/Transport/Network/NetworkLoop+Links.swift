import Systems

extension NetworkLoop {
    /// Sends what has credit, in order.
    func pumpMessages(_ link: Int) throws(TransportError) {
        while let message = nextWithCredit(link) {
            let payload = OutgoingPayload(bytes: message.payload, release: releases[link])
            var header = message.header
            configuration.tamper?(&header)
            guard try wire.send(header, payload: payload, on: link) else { return }
            state.withLock { state in
                _ = state.links[link].sending.queue.popFirst()
                state.links[link].sending.dispatched += 1
                state.links[link].countDispatched(message)
            }
        }
    }

    private func nextWithCredit(_ link: Int) -> OutgoingMessage? {
        state.withLock { $0.links[link].hasCredit ? $0.links[link].sending.queue.first : nil }
    }

    /// Returns credit: how many messages were consumed.
    func pumpCredit(_ link: Int) throws(TransportError) {
        let consumed = state.withLock { state in
            state.links[link].owesCredit ? state.links[link].receiving.consumed : nil
        }
        guard let consumed, try wire.send(notice(.credit, link, consumed), payload: nil, on: link) else { return }
        state.withLock { $0.links[link].receiving.credited = consumed }
    }

    func notice(_ kind: FrameKind, _ link: Int, _ sequence: UInt64) -> FrameHeader {
        let declaration = configuration.links[link]
        var header = FrameHeader(kind)
        header.runID = state.withLock { $0.runID }
        header.epoch = configuration.epoch
        header.source = configuration.rank
        header.destination = declaration.source == configuration.rank ? declaration.destination : declaration.source
        header.sequence = sequence
        return header
    }

    /// Says goodbye over every link that has nothing left to send; true when all have.
    func sayGoodbyes() throws(TransportError) -> Bool {
        for link in releases.indices {
            let (due, count) = state.withLock { state in
                let one = state.links[link]
                return (!one.saidGoodbye && !one.isLost, one.isOutgoing ? one.sending.sent : one.receiving.consumed)
            }
            guard due, try wire.send(notice(.goodbye, link, count), payload: nil, on: link) else { continue }
            state.withLock { $0.links[link].saidGoodbye = true }
        }
        return state.withLock { $0.links.allSatisfy { $0.saidGoodbye || $0.isLost } }
    }
}

extension LinkState {
    /// Whether the receiver has room for one more.
    var hasCredit: Bool { sending.dispatched - sending.acknowledged < UInt64(declaration.credit) }

    fileprivate mutating func countDispatched(_ message: OutgoingMessage) {
        let now = MonotonicClock.now
        newest = (message.header.name, now)
        counters.messages += 1
        counters.bytes += message.payload.count
        counters.peakOutstanding = max(counters.peakOutstanding, Int(sending.dispatched - sending.acknowledged))
        if message.waitedForCredit { counters.creditWait += now - message.header.sentAt }
    }
}
