package import Systems

/// A worker's data links and its connection to the coordinator.
///
/// One network thread owns all sockets; the caller's compute thread exchanges values with it under a lock. Start, await
/// go, send and receive, close; an endpoint that was started must be closed.
package final class WorkerEndpoint: DataPlane {
    package let configuration: WorkerConfiguration
    package let state: Shared<EndpointState>
    let status = StatusBoard()
    /// Written by `start` and `close` alone, under `state`'s lock.
    private let network: Shared<NetworkThread?>
    private let medium: Medium

    private enum Medium {
        case sockets
        case memory(InMemoryNetwork)
    }

    private struct NetworkThread {
        var thread: JoinableThread
        var wake: @Sendable () -> Void
    }

    /// An endpoint on ZeroMQ sockets.
    package convenience init(_ configuration: WorkerConfiguration) { self.init(configuration, .sockets) }

    /// An endpoint on the in-memory twin: `coordinator` and `lifeline` are ignored.
    package convenience init(_ configuration: WorkerConfiguration, network: InMemoryNetwork) {
        self.init(configuration, .memory(network))
    }

    private init(_ configuration: WorkerConfiguration, _ medium: Medium) {
        self.configuration = configuration
        self.medium = medium
        let links = configuration.links.map { LinkState($0, isOutgoing: $0.source == configuration.rank) }
        state = Shared(EndpointState(links: links, runID: configuration.runID ?? 0))
        network = Shared(nil)
    }

    deinit { precondition(network.withLock { $0 == nil }, "an endpoint that was started must be closed") }

    /// Binds the links' sockets, starts the network thread and says hello to the coordinator.
    package func start() throws(TransportError) {
        try configuration.check()
        precondition(state.withLock { $0.stage == .idle }, "an endpoint is started once")
        state.withLock { $0.stage = .registering }
        let wire = try makeWire()
        let loop = NetworkLoop(configuration, state: state, status: status, wire: wire.wire)
        let opened = Shared<Result<Void, TransportError>?>(nil)
        let box = Transfer(loop)
        let thread: JoinableThread
        do {
            thread = try JoinableThread(name: "network \(configuration.rank)") {
                box.value.run { result in opened.update { $0 = result } }
            }
        } catch {
            throw .thread(error.explanation)
        }
        network.withLock { $0 = NetworkThread(thread: thread, wake: wire.wake) }
        let result = opened.wait { $0 }
        if case .failure(let error) = result {
            joinNetwork()
            throw error
        }
    }

    private func makeWire() throws(TransportError) -> (wire: any Wire, wake: @Sendable () -> Void) {
        switch medium {
        case .sockets:
            let event = try WakeUp()
            return (SocketWire(configuration, wakeUp: event), { event.signal() })
        case .memory(let network):
            let wire = MemoryWire(configuration, network: network)
            let port = wire.port
            return (wire, { port.wake() })
        }
    }

    /// Waits until all links of the whole run are connected and the coordinator says go. The coordinator ends the wait where
    /// that takes too long.
    ///
    /// - Parameters:
    ///   - timeout: how long to try to reach the coordinator.
    ///   - say: called every ten seconds with what this waits for.
    package func awaitGo(
        timeout: Duration = .seconds(120), say: (String) -> Void = { _ in }
    ) throws(TransportError) {
        var watch = JoinWatch(
            address: configuration.coordinator, limit: timeout, hasKeys: configuration.keys != nil,
            at: MonotonicClock.now)
        while true {
            let look = watch.nextLook(after: MonotonicClock.now)
            let went = try state.wait(until: look) { (state) throws(TransportError) -> Bool? in
                if let failure = state.failure { throw failure }
                return state.stage == .running ? true : nil
            }
            if went == true { return }
            let contact = state.withLock { $0.contact }
            if let text = try watch.look(contact, at: MonotonicClock.now) { say(text) }
        }
    }

    /// The plane's first failure, once there is one.
    package var failure: TransportError? { state.withLock { $0.failure } }

    /// The run's number, as configured or learned from the coordinator.
    package var runID: UInt64 { state.withLock { $0.runID } }

    /// Ends all waits of this worker with `text`; peers and coordinator are not informed.
    package func abort(_ text: String) {
        state.update { $0.fail(.aborted(text)) }
    }

    /// What passed over one end of a link so far.
    /// - Precondition: `link` is one of the configuration's; `outgoing` tells two links of the same name apart.
    package func counters(link: Int, outgoing: Bool) -> LinkCounters {
        let index = index(of: link, outgoing: outgoing)
        return state.withLock { $0.links[index].counters }
    }

    /// Ends the network thread and everything it owns; returns when nothing of it is left.
    ///
    /// - Parameter goodbye: true at the end of a run without failures: waits until all messages are sent and all peers and
    ///   the coordinator have said goodbye too, so that nothing is lost and this end is no failure to them. False: ends at
    ///   once; what was given to `fail` and `sendApplication` has one more second to be sent.
    /// - Throws: the plane's failure, where it failed before all goodbyes were said.
    package func close(goodbye: Bool) throws(TransportError) {
        guard network.withLock({ $0 != nil }) else { return }
        state.update { $0.closing = goodbye ? .goodbye : .abrupt }
        wake()
        joinNetwork()
        if goodbye, let failure = state.withLock({ $0.failure }), failure != .closed { throw failure }
    }

    func wake() { network.withLock { $0?.wake() } }

    private func joinNetwork() {
        network.withLock { $0 }?.thread.join()
        network.withLock { $0 = nil }
    }

    func index(of link: Int, outgoing: Bool) -> Int {
        let rank = configuration.rank
        let index = configuration.links.firstIndex { $0.id == link && ($0.source == rank) == outgoing }
        guard let index else {
            preconditionFailure("rank \(rank) has no \(outgoing ? "outgoing" : "incoming") link \(link)")
        }
        return index
    }
}

/// Hands a value over to the one thread that will use it.
struct Transfer<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
