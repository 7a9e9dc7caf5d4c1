import Systems

/// What a worker's network thread does: moves messages between the endpoint's shared state and its wire.
final class NetworkLoop {
    let configuration: WorkerConfiguration
    let state: Shared<EndpointState>
    let status: StatusBoard
    let wire: any Wire
    let releases: [ReleaseCounter]
    var reassembly = Reassembly()
    var nextHeartbeat: UInt64 = 0
    /// A heartbeat is due: it is sent once nothing is queued before it, with the state of that moment.
    private var owesStatus = false
    private var strangers: StrangerNotes
    var isConnecting = false
    var saidGoodbye = false
    var isDismissed = false
    var flushDeadline: UInt64?
    private var events: [WireEvent] = []

    init(_ configuration: WorkerConfiguration, state: Shared<EndpointState>, status: StatusBoard, wire: any Wire) {
        self.configuration = configuration
        self.state = state
        self.status = status
        self.wire = wire
        strangers = StrangerNotes(place: "a port of worker \(configuration.rank)")
        releases = configuration.links.indices.map { ReleaseCounter(state, link: $0) }
    }

    /// How long control messages and goodbyes may take to leave.
    static let linger = 1000

    /// Runs until the endpoint is closed; reports first whether the wire could be opened.
    func run(_ opened: (Result<Void, TransportError>) -> Void) {
        do throws(TransportError) {
            let sockets = try wire.open()
            try introduce(sockets)
        } catch {
            wire.close(lingerMilliseconds: 0, isOrderly: false)
            finish()
            return opened(.failure(error))
        }
        opened(.success(()))
        serve()
        wire.removeFiles(withDirectory: false)
        wire.close(lingerMilliseconds: Self.linger, isOrderly: saidGoodbye)
        finish()
    }

    private func introduce(_ sockets: [BoundSocket]) throws(TransportError) {
        let hello = Hello(
            rank: configuration.rank, process: configuration.process, host: configuration.host,
            values: configuration.digest.values, sockets: sockets, key: wire.linkKey)
        guard ControlMessage.hello(hello).encoded(runID: 0).count <= ControlMessage.maxSize else {
            throw .links("rank \(configuration.rank) has too many links to register: \(configuration.links.count)")
        }
        state.withLock { $0.outbox.append(.hello(hello)) }
    }

    private func serve() {
        while true {
            do throws(TransportError) {
                try pump()
                if try isDone() { return }
                try wire.poll(milliseconds: timeUntilHeartbeat(), into: &events)
            } catch {
                state.update { $0.fail(error) }
                if case .system = error { return }
            }
            for event in events { handle(event) }
            events.removeAll(keepingCapacity: true)
        }
    }

    private func timeUntilHeartbeat() -> Int {
        let now = MonotonicClock.now
        return nextHeartbeat > now ? Int(min(1000, (nextHeartbeat - now) / 1_000_000 + 1)) : 0
    }

    /// Moves everything that can move.
    private func pump() throws(TransportError) {
        beat()
        try pumpControl()
        guard state.withLock({ $0.stage == .running && $0.failure == nil }) else { return }
        for link in releases.indices {
            if configuration.links[link].source == configuration.rank {
                try pumpMessages(link)
            } else {
                try pumpCredit(link)
            }
        }
    }

    private func beat() {
        let now = MonotonicClock.now
        guard now >= nextHeartbeat else { return }
        nextHeartbeat = configuration.heartbeat.after(now)
        owesStatus = true
        if let line = strangers.due(at: now) { configuration.note?(line) }
    }

    func noteStrangers(from origins: [String?]) {
        if let line = strangers.refused(origins, at: MonotonicClock.now) { configuration.note?(line) }
    }

    func pumpControl() throws(TransportError) {
        while let (message, runID) = state.withLock({ state in state.outbox.first.map { ($0, state.runID) } }) {
            guard try wire.sendControl(message.encoded(runID: runID)) else { return }
            let endsWait = state.withLock { state in
                state.outbox.removeFirst()
                return state.isOutboxAwaited && state.outbox.isHalfEmpty
            }
            if endsWait { state.update { $0.isOutboxAwaited = false } }
        }
        guard owesStatus, state.withLock({ $0.hasCoordinator }) else { return }
        let now = MonotonicClock.now
        var current = status.current(at: now)
        let runID = state.withLock { state in
            current.links = LinkStatus.all(state.links, waiting: current.phase, now: now)
            return state.runID
        }
        if try wire.sendControl(ControlMessage.status(current).encoded(runID: runID)) { owesStatus = false }
    }

    /// Drops what is still queued, so that buffers are freed and waits end.
    private func finish() {
        state.update { state in
            state.fail(.closed)
            state.stage = .closed
            for link in state.links.indices {
                while let arrival = state.links[link].receiving.arrivals.popFirst() { arrival.payload.free() }
                while state.links[link].sending.queue.popFirst() != nil {}
            }
        }
        for event in events { if case .data(_, _, let payload) = event { payload.free() } }
    }
}
