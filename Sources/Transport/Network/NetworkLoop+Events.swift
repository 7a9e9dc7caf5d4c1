import Systems

extension NetworkLoop {
    func handle(_ event: WireEvent) {
        do throws(TransportError) {
            switch event {
            case .data(let link, let header, let payload): try handle(header, payload, on: link)
            case .notice(let link, let header): try handle(header, on: link)
            case .control(let bytes): try handle(control: bytes)
            case .controlConnected: state.update { $0.contact = .connected }
            case .controlFailed(let contact): state.update { $0.contact = contact }
            case .strangers(let origins): noteStrangers(from: origins)
            case .controlLost, .lifelineEnded: loseCoordinator()
            case .linkConnected(let link): connected(link)
            case .linkLost(let link): lost(link)
            case .broken(let link, let error):
                let peer = state.withLock { $0.links[link].peer }
                throw .violation(rank: peer, "\(configuration.links[link]): \(error)")
            }
        } catch {
            state.update { $0.fail(error) }
        }
    }

    /// A message arrived: its link must be the one it names, and there must have been credit for it.
    private func handle(_ header: FrameHeader, _ payload: MessageBuffer, on link: Int) throws(TransportError) {
        do throws(TransportError) {
            try checkOrigin(header, link)
            try state.update { (state) throws(TransportError) in
                let peer = state.links[link].peer
                let outstanding = state.links[link].receiving.received + 1 - state.links[link].receiving.consumed
                guard outstanding <= UInt64(state.links[link].declaration.credit) else {
                    throw .violation(rank: peer, "\(state.links[link].declaration): more messages than credit")
                }
                guard !state.links[link].peerSaidGoodbye else {
                    throw .violation(rank: peer, "\(state.links[link].declaration): a message after the goodbye")
                }
                state.links[link].receiving.received += 1
                state.links[link].newest = (header.name, MonotonicClock.now)
                state.links[link].receiving.arrivals.append((header, payload))
                let peak = max(state.links[link].counters.peakOutstanding, Int(outstanding))
                state.links[link].counters.peakOutstanding = peak
            }
        } catch {
            payload.free()
            throw error
        }
    }

    /// A credit or a goodbye arrived.
    private func handle(_ header: FrameHeader, on link: Int) throws(TransportError) {
        try checkOrigin(header, link)
        try state.update { (state) throws(TransportError) in
            let peer = state.links[link].peer
            let isOutgoing = state.links[link].isOutgoing
            switch header.kind {
            case .goodbye:
                let known = isOutgoing ? state.links[link].sending.sent : state.links[link].receiving.received
                guard header.sequence == known else {
                    throw .violation(rank: peer, goodbyeText(state.links[link], header.sequence, known))
                }
                state.links[link].peerSaidGoodbye = true
            case .credit where isOutgoing:
                let sending = state.links[link].sending
                guard header.sequence >= sending.acknowledged, header.sequence <= sending.dispatched else {
                    throw .violation(
                        rank: peer, "credit for \(header.sequence) messages, \(sending.dispatched) were sent")
                }
                state.links[link].sending.acknowledged = header.sequence
            default: throw .violation(rank: peer, "a frame of kind \(header.kind) without payload")
            }
        }
    }

    private func goodbyeText(_ link: LinkState, _ got: UInt64, _ known: UInt64) -> String {
        link.isOutgoing
            ? "\(link.declaration): goodbye after \(got) messages, \(known) were sent"
            : "\(link.declaration): goodbye after \(got) messages, \(known) arrived"
    }

    private func checkOrigin(_ header: FrameHeader, _ link: Int) throws(TransportError) {
        let (runID, peer) = state.withLock { ($0.runID, $0.links[link].peer) }
        let limit = configuration.links[link].maxPayload
        guard header.runID == runID, header.epoch == configuration.epoch, header.source == peer,
            header.destination == configuration.rank, header.payloadLength <= limit
        else {
            throw .violation(
                rank: peer,
                "\(configuration.links[link]): a frame of run \(header.runID), epoch \(header.epoch), rank "
                    + "\(header.source) → rank \(header.destination), \(header.payloadLength) bytes came; this is "
                    + "run \(runID), epoch \(configuration.epoch), rank \(configuration.rank), at most \(limit) bytes")
        }
    }

    private func connected(_ link: Int) {
        let isReady = state.update { state in
            state.links[link].isConnected = true
            return state.links.allSatisfy(\.isConnected)
        }
        if isReady && isConnecting { becomeReady() }
    }

    func becomeReady() {
        isConnecting = false
        state.withLock { $0.outbox.append(.ready) }
    }

    /// After this side's own goodbye a lost connection is the peer's orderly end.
    private func lost(_ link: Int) {
        state.update { state in
            state.links[link].isLost = true
            guard !state.links[link].peerSaidGoodbye, !state.links[link].saidGoodbye else { return }
            state.fail(.peerGone(rank: state.links[link].peer))
        }
    }

    /// After it has dismissed this worker the coordinator may leave when it likes.
    private func loseCoordinator() {
        guard !isDismissed else { return }
        let isFirst = state.update { state in
            defer { state.fail(.coordinatorGone) }
            return state.failure != .coordinatorGone && state.closing != .goodbye
        }
        guard isFirst else { return }
        wire.removeFiles(withDirectory: true)
        configuration.onCoordinatorGone?()
    }
}
