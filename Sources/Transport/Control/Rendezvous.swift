/// How the workers of a run find each other: the coordinator's side, as a state machine without sockets.
///
/// Each worker binds the sockets of its links and says hello; when all ranks have, each is told where to connect; when
/// all are ready, all may go.
///
///     registering ──last hello──▶ connecting ──last ready──▶ running
package struct Rendezvous: Sendable {
    package enum Stage: Hashable, Sendable { case registering, connecting, running }

    /// Names one connection of a worker to the coordinator.
    package struct Peer: Hashable, Sendable {
        package var bytes: [UInt8]
        package init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    /// What the coordinator has to do next.
    package enum Action: Hashable, Sendable {
        case refuse(Peer, String)
        case registered(rank: Int)
        /// Tell this worker which sockets to connect to, and its peers' keys.
        case introduce(Peer, [BoundSocket], keys: [Int: PublicKey])
        case go([Peer])
        /// The ranks declare their links differently: the run cannot start.
        case broken(String)
    }

    package let world: Int
    /// What each rank has to agree about.
    package let digests: [RunDigest]
    package private(set) var stage = Stage.registering
    private var ranks: [Peer: Int] = [:]
    private var workers: [(hello: Hello, peer: Peer, isReady: Bool)?]

    /// - Precondition: one digest for each of at least one rank.
    package init(digests: [RunDigest]) {
        precondition(!digests.isEmpty, "a run has at least one rank")
        world = digests.count
        self.digests = digests
        workers = Array(repeating: nil, count: world)
    }

    /// All ranks agree about the same.
    package init(world: Int, digest: RunDigest) { self.init(digests: Array(repeating: digest, count: world)) }

    /// The rank that this connection registered as.
    package func rank(of peer: Peer) -> Int? { ranks[peer] }
    package func peer(of rank: Int) -> Peer? { workers.indices.contains(rank) ? workers[rank]?.peer : nil }
    package func hello(of rank: Int) -> Hello? { workers.indices.contains(rank) ? workers[rank]?.hello : nil }

    /// The ranks that the present stage still waits for.
    package var missing: [Int] {
        switch stage {
        case .registering: workers.indices.filter { workers[$0] == nil }
        case .connecting: workers.indices.filter { workers[$0]?.isReady != true }
        case .running: []
        }
    }

    /// The error to end with when the present stage takes longer than it may.
    package func timedOut(seconds: Double) -> TransportError {
        .missingRanks(missing, world: world, stage: stage, seconds: seconds)
    }

    /// - Parameter grant: which ranks the connection may register as.
    package mutating func receive(_ hello: Hello, from peer: Peer, grant: Grant = .anyRank) -> [Action] {
        if let reason = objection(to: hello, from: peer, grant) { return [.refuse(peer, reason)] }
        workers[hello.rank] = (hello, peer, false)
        ranks[peer] = hello.rank
        guard missing.isEmpty else { return [.registered(rank: hello.rank)] }
        if let text = disagreement() { return [.registered(rank: hello.rank), .broken(text)] }
        stage = .connecting
        return [.registered(rank: hello.rank)] + workers.compactMap(\.self).map { introduction(of: $0.hello, $0.peer) }
    }

    /// A worker has connected all of its links.
    package mutating func ready(from peer: Peer) -> [Action] {
        guard stage == .connecting, let rank = ranks[peer] else {
            return [.refuse(peer, "it is ready before it was told where to connect")]
        }
        workers[rank]?.isReady = true
        guard missing.isEmpty else { return [] }
        stage = .running
        return [.go(workers.compactMap { $0?.peer })]
    }

    /// A connection ended. While ranks are still registering, another worker may take this one's place.
    /// - Returns: its rank, where it had one.
    package mutating func lost(_ peer: Peer) -> Int? {
        guard let rank = ranks.removeValue(forKey: peer) else { return nil }
        if stage == .registering { workers[rank] = nil }
        return rank
    }

    private func objection(to hello: Hello, from peer: Peer, _ grant: Grant) -> String? {
        if case .rank(let owner) = grant, owner != hello.rank {
            return "it wants to be rank \(hello.rank) with the key of worker \(owner)"
        }
        guard stage == .registering else { return "the run has already started" }
        guard hello.rank < world else { return "rank \(hello.rank) is not one of 0 to \(world - 1)" }
        if let known = ranks[peer] { return "this worker has already registered as rank \(known)" }
        if let other = workers[hello.rank]?.hello {
            return "rank \(hello.rank) is already taken by process \(other.process) on \(other.host)"
        }
        if let difference = digests[hello.rank].objection(to: hello.values) {
            return "rank \(hello.rank) runs another configuration: \(difference)"
        }
        if let stray = hello.sockets.first(where: { $0.owner != hello.rank }) {
            return "rank \(hello.rank) offers a socket of \(stray.link)"
        }
        return nil
    }

    private func introduction(of hello: Hello, _ peer: Peer) -> Action {
        let sockets = workers.compactMap(\.self).flatMap(\.hello.sockets).filter { $0.visitor == hello.rank }
        // Each peer both visits and is visited: messages go one way, credit the other.
        let peers = Set(sockets.map(\.owner))
        let keys = workers.compactMap(\.self).filter { peers.contains($0.hello.rank) }
            .compactMap { worker in worker.hello.key.map { (worker.hello.rank, $0) } }
        return .introduce(peer, sockets, keys: Dictionary(uniqueKeysWithValues: keys))
    }

    /// Each link has one socket for data and one for credit, and both ends declare it alike.
    private func disagreement() -> String? {
        let sockets = workers.compactMap(\.self).flatMap(\.hello.sockets)
        let links = Dictionary(grouping: sockets) { [$0.link.id, $0.link.source, $0.link.destination] }
        for ends in links.values.sorted(by: { $0[0].link.id < $1[0].link.id }) {
            let link = ends[0].link
            guard ends.count == 2, ends[0].role != ends[1].role else {
                let other = ends[0].owner == link.source ? link.destination : link.source
                return "\(link): rank \(ends[0].owner) declares it, rank \(other) does not"
            }
            guard ends[0].link == ends[1].link else {
                return "\(link): its ends declare \(terms(ends[0])) and \(terms(ends[1]))"
            }
        }
        return nil
    }

    private func terms(_ socket: BoundSocket) -> String {
        "credit \(socket.link.credit), largest payload \(socket.link.maxPayload) (rank \(socket.owner))"
    }

    static func names(_ ranks: [Int]) -> String {
        guard ranks.count != 1 else { return "rank \(ranks[0])" }
        return "ranks " + ranks.dropLast().map(String.init).joined(separator: ", ") + " and \(ranks.last ?? 0)"
    }
}

extension Rendezvous.Stage {
    var verb: String {
        switch self {
        case .registering: "register"
        case .connecting: "connect all links"
        case .running: "start"
        }
    }
}
