import Systems

/// The coordinator's side of the control plane: registers workers, sends them the addresses to connect to and the start
/// signal, receives their heartbeats, passes messages. Used by one thread, which polls it until all workers are gone: a
/// worker's orderly end waits for its goodbye to be read. Must be closed.
package final class ControlServer {
    package struct Configuration: Sendable {
        package var world: Int { digests.count }
        /// What each rank has to agree about.
        package var digests: [RunDigest]
        /// What workers have to know.
        package var secret = RunSecret()
        /// Never 0.
        package var runID: UInt64 = .random(in: 1...UInt64.max)
        /// Also listen here, for workers started by hand: `tcp://127.0.0.1:PORT`, 0 for a port that the system chooses.
        package var tcpAddress: String?
        /// Who is let in there, which then may be any address of this machine; nil: who knows the secret.
        package var keys: CoordinatorKeys?
        /// How long all ranks together may take to register. Workers wait as long as the coordinator does.
        package var startTimeout: Duration = .seconds(60)
        /// How long they may take then to connect their links.
        package var connectTimeout: Duration = .seconds(60)
        /// A rank is silent after this long without a heartbeat.
        package var heartbeatTimeout: Duration = .seconds(5)
        /// Where the directory for ipc sockets is made: a short path.
        package var socketParent = "/tmp"

        package init(digests: [RunDigest]) { self.digests = digests }

        /// All ranks agree about the same.
        package init(world: Int, digest: RunDigest) { digests = Array(repeating: digest, count: world) }
    }

    package let configuration: Configuration
    /// Where the coordinator's own children connect; empty on the in-memory twin.
    package let ipcAddress: String
    /// Where workers started by hand connect, with the port that was chosen.
    package let tcpAddress: String?
    /// Where the coordinator's own children have the ports of their links to workers with keys; nil where there are none.
    package var linkHost: String? {
        configuration.keys == nil ? nil : tcpAddress.flatMap { try? Address.host(of: $0) }
    }
    package private(set) var rendezvous: Rendezvous
    package private(set) var liveness: Liveness
    private let wire: any ControlWire
    private var pieces: [Int: Reassembly] = [:]
    private var probes: [Int: ClockProbe] = [:]
    private var departed: Set<Int> = []
    /// When the present stage of the start must be over; `.max` after that was reported.
    private var startDeadline: UInt64
    private var events: [ControlEvent] = []
    private var refusals = NoteLimit(burst: 5)
    private var strangers: StrangerNotes
    private var isClosed = false

    /// Listens on ZeroMQ sockets.
    package convenience init(_ configuration: Configuration) throws(TransportError) {
        let wire = try SocketControlWire(configuration)
        self.init(configuration, wire, ipcAddress: wire.ipcAddress, tcpAddress: wire.tcpAddress)
    }

    /// Listens on the in-memory twin.
    package convenience init(_ configuration: Configuration, network: InMemoryNetwork) {
        self.init(configuration, MemoryControlWire(network), ipcAddress: "", tcpAddress: nil)
    }

    private init(_ configuration: Configuration, _ wire: any ControlWire, ipcAddress: String, tcpAddress: String?) {
        precondition(configuration.runID != 0, "run 0 stands for an unknown run")
        self.configuration = configuration
        self.wire = wire
        self.ipcAddress = ipcAddress
        self.tcpAddress = tcpAddress
        strangers = StrangerNotes(place: tcpAddress ?? ipcAddress)
        rendezvous = Rendezvous(digests: configuration.digests)
        liveness = Liveness(world: configuration.world, heartbeatTimeout: configuration.heartbeatTimeout)
        startDeadline = configuration.startTimeout.after(MonotonicClock.now)
    }

    deinit { precondition(isClosed, "a control server must be closed") }

    /// Waits until something happened, and says what; empty when nothing did in time, or a signal came.
    ///
    /// - Throws: `missingRanks` when the start takes too long, `links` when the ranks disagree about their links; each
    ///   once; call `abort` then.
    package func poll(timeout: Duration) throws(TransportError) -> [ControlEvent] {
        let deadline = min(timeout.after(MonotonicClock.now), startDeadline)
        var mail: [ControlWireEvent] = []
        try wire.poll(until: deadline, into: &mail)
        for item in mail {
            switch item {
            case .message(let peer, let bytes, let grant): try receive(bytes, from: peer, grant)
            case .lost(let peer): lose(peer)
            case .strangers(let origins): note(strangers.refused(origins, at: MonotonicClock.now))
            }
        }
        note(strangers.due(at: MonotonicClock.now))
        if events.isEmpty && MonotonicClock.now >= startDeadline {
            startDeadline = .max
            let limit =
                rendezvous.stage == .registering ? configuration.startTimeout : configuration.connectTimeout
            throw rendezvous.timedOut(seconds: limit.seconds)
        }
        defer { events.removeAll() }
        return events
    }

    /// When a rank was last heard of: nanoseconds of `MonotonicClock`.
    package func lastSeen(_ rank: Int) -> UInt64? { liveness.lastSeen(rank) }

    /// The ranks without a heartbeat for longer than `heartbeatTimeout`.
    package var silentRanks: [Int] { liveness.silentRanks(at: MonotonicClock.now) }

    /// Sends an opaque message to one rank, in pieces where it is long. A rank that is gone is no error.
    package func sendApplication(_ bytes: [UInt8], to rank: Int) throws(TransportError) {
        precondition(bytes.count <= ControlMessage.maxApplicationSize, "an application message of \(bytes.count) bytes")
        guard let peer = rendezvous.peer(of: rank) else { return }
        for piece in ControlMessage.pieces(of: bytes) { try send(piece, to: peer) }
    }

    /// Ends the waits of all workers with `text`.
    /// - Parameter next: by rank, where a worker goes over to (`WorkerEndpoint.awaitOrders`); the others leave.
    package func abort(_ text: String, next: [Int: [UInt8]] = [:]) throws(TransportError) {
        for rank in 0..<configuration.world {
            guard let peer = rendezvous.peer(of: rank) else { continue }
            try send(.abort(text, next: next[rank] ?? []), to: peer)
        }
    }

    /// Stops listening; removes what is on disk. What was sent has a second to leave.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        wire.close()
    }

    private func send(_ message: ControlMessage, to peer: Rendezvous.Peer) throws(TransportError) {
        try wire.send(message.encoded(runID: configuration.runID), to: peer)
    }

    // MARK: What workers say

    private func receive(_ bytes: [UInt8], from peer: Rendezvous.Peer, _ grant: Grant) throws(TransportError) {
        do throws(TransportError) {
            let (message, runID) = try ControlMessage.decode(bytes)
            guard runID == configuration.runID || runID == 0 else {
                return try refuse(peer, "it belongs to another run")
            }
            if case .hello(let hello) = message {
                return try perform(rendezvous.receive(hello, from: peer, grant: grant), of: hello)
            }
            guard let rank = rendezvous.rank(of: peer) else { return }
            liveness.heard(rank, at: MonotonicClock.now)
            try receive(message, from: rank, peer)
        } catch {
            switch error {
            case .malformed, .otherVersion: break
            default: throw error
            }
            // Of a registered rank, which has proved to run the same program, that is the run's end.
            if let rank = rendezvous.rank(of: peer) {
                throw .violation(rank: rank, "the coordinator got a \(error)")
            }
            try refuse(peer, "\(error)")
        }
    }

    private func receive(
        _ message: ControlMessage, from rank: Int, _ peer: Rendezvous.Peer
    ) throws(TransportError) {
        switch message {
        case .ready: try perform(rendezvous.ready(from: peer))
        case .status(let status):
            try check(status)
            events.append(.status(rank: rank, status))
            try ping(rank, peer)
        case .pong(let ping, let clock):
            let sample = try probes[rank, default: ClockProbe()].answered(
                ping: ping, clock: clock, at: MonotonicClock.now)
            if let sample { events.append(.clock(rank: rank, sample)) }
            if probes[rank]?.isInSeries == true { try self.ping(rank, peer) }
        case .failure(let code, let text): depart(rank, .failed(rank: rank, code: code, text: text))
        case .goodbye:
            try send(.dismissed, to: peer)
            depart(rank, .goodbye(rank: rank))
        case .application(let piece, let more):
            guard let whole = try pieces[rank, default: Reassembly()].add(piece, more: more) else { return }
            events.append(.message(rank: rank, whole))
        case .hello, .refused, .peers, .go, .abort, .dismissed, .ping:
            throw .malformed("control message", expected: "one of a worker's", got: "one of the coordinator's")
        }
    }

    /// Ranks that it names are the run's.
    private func check(_ status: WorkerStatus) throws(TransportError) {
        var named = status.links.map(\.peer)
        switch status.phase {
        case .receiving(let rank, _), .sending(let rank): named.append(rank)
        default: break
        }
        guard let other = named.first(where: { $0 >= configuration.world }) else { return }
        throw .malformed(
            "status", expected: "a rank below \(configuration.world)", got: "one that waits for rank \(other)")
    }

    private func ping(_ rank: Int, _ peer: Rendezvous.Peer) throws(TransportError) {
        let now = MonotonicClock.now
        if probes[rank, default: ClockProbe()].ping(at: now) { try send(.ping(now), to: peer) }
    }

    private func depart(_ rank: Int, _ event: ControlEvent) {
        departed.insert(rank)
        if let sample = probes[rank]?.finish() { events.append(.clock(rank: rank, sample)) }
        liveness.forget(rank)
        events.append(event)
    }

    private func lose(_ peer: Rendezvous.Peer) {
        guard let rank = rendezvous.lost(peer) else { return }
        pieces[rank] = nil
        probes[rank] = nil
        liveness.forget(rank)
        if departed.remove(rank) == nil { events.append(.gone(rank: rank)) }
    }

    // MARK: What the rendezvous decides

    private func perform(_ actions: [Rendezvous.Action], of hello: Hello? = nil) throws(TransportError) {
        for action in actions {
            switch action {
            case .refuse(let peer, let reason): try refuse(peer, reason, hello)
            case .registered(let rank): register(rank)
            case .introduce(let peer, let sockets, let keys): try send(.peers(sockets, keys: keys), to: peer)
            case .go(let peers): try start(peers)
            case .broken(let text): throw .links(text)
            }
        }
        if actions.contains(where: { if case .introduce = $0 { true } else { false } }) {
            startDeadline = configuration.connectTimeout.after(MonotonicClock.now)
            events.append(.connecting)
        }
    }

    private func refuse(_ peer: Rendezvous.Peer, _ reason: String, _ hello: Hello? = nil) throws(TransportError) {
        try send(.refused(reason), to: peer)
        guard let count = refusals.happened(at: MonotonicClock.now) else { return }
        let who =
            rendezvous.rank(of: peer).map { "rank \($0)" }
            ?? hello.map { "a worker, process \($0.process) on \($0.host)," } ?? "a worker"
        let others = count == 1 ? "" : " (and \(count - 1) others since the last such line)"
        events.append(.refused("\(who) was refused: \(reason)\(others)"))
    }

    private func note(_ line: String?) { if let line { events.append(.refused(line)) } }

    private func register(_ rank: Int) {
        guard let hello = rendezvous.hello(of: rank) else { return }
        liveness.heard(rank, at: MonotonicClock.now)
        events.append(.registered(rank: rank, process: hello.process, host: hello.host))
    }

    private func start(_ peers: [Rendezvous.Peer]) throws(TransportError) {
        startDeadline = .max
        wire.removeFiles()
        for peer in peers { try send(.go, to: peer) }
        events.append(.go)
    }
}
