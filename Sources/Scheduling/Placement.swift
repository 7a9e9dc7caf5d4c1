/// Who runs which stage where: (replica, stage, shard) → rank → device → host.
///
/// A schedule speaks of positions: the places in one replica's pipeline, which `Schedule.ranks` lists. Workers have ranks:
/// (position × replicas + replica) × shards + shard. Each owns a device of the manifest's list, on the coordinator's host or on another.
///
///     let placement = Placement(.oneForwardOneBackward(stages: 2, microBatches: 4), replicas: 2)
///     placement.rank(ofStage: 1, replica: 0)   // 2
public struct Placement: Hashable, Sendable {
    /// On which machine a worker runs.
    public enum Host: Hashable, Sendable {
        /// The coordinator's: it starts the worker.
        case coordinator
        /// Any: somebody starts the worker there by hand.
        case byHand
        /// Another of the run's hosts: the run's own launcher, or a job's, starts the worker there.
        case elsewhere
    }

    /// Copies of the pipeline, each with its part of a mini-batch.
    public let replicas: Int
    /// Workers that share each layer.
    public let shards: Int
    /// Places in one replica's pipeline.
    public let positions: Int
    private let positionOfStage: [Int]
    private let ranksByHand: Set<Int>
    private let ranksElsewhere: Set<Int>

    /// - Parameters:
    ///   - schedule: of one replica.
    ///   - replicas: copies of the pipeline.
    ///   - shards: workers that share each layer.
    ///   - byHand: the ranks that somebody starts by hand.
    ///   - elsewhere: those on other hosts of the run.
    public init(
        _ schedule: Schedule, replicas: Int = 1, shards: Int = 1, byHand: [Int] = [], elsewhere: [Int] = []
    ) {
        precondition(replicas >= 1 && shards >= 1, "\(replicas) replicas of \(shards) shards")
        self.replicas = replicas
        self.shards = shards
        positions = schedule.rankCount
        positionOfStage = schedule.rankOfStage
        ranksByHand = Set(byHand)
        ranksElsewhere = Set(elsewhere)
    }

    /// Workers of all replicas.
    public var rankCount: Int { positions * replicas * shards }
    /// All ranks, from 0.
    public var ranks: Range<Int> { 0..<rankCount }
    /// Stages of one replica.
    public var stageCount: Int { positionOfStage.count }

    /// The rank of a position's worker in a replica, all counted from 0.
    public func rank(atPosition position: Int, replica: Int = 0, shard: Int = 0) -> Int {
        (position * replicas + replica) * shards + shard
    }
    /// The rank that owns a stage, or its shard of it, in a replica, all counted from 0; several stages may share it.
    public func rank(ofStage stage: Int, replica: Int = 0, shard: Int = 0) -> Int {
        rank(atPosition: positionOfStage[stage], replica: replica, shard: shard)
    }

    /// The place in its replica's pipeline: an index of `Schedule.ranks` and `LoweredSchedule.ranks`.
    public func position(of rank: Int) -> Int { rank / (replicas * shards) }
    /// The replica that a rank belongs to, counted from 0.
    public func replica(of rank: Int) -> Int { rank / shards % replicas }
    /// Which part of its layers a rank has, counted from 0.
    public func shard(of rank: Int) -> Int { rank % shards }
    /// The stages that a rank owns, rising.
    public func stages(of rank: Int) -> [Int] {
        positionOfStage.indices.filter { positionOfStage[$0] == position(of: rank) }
    }

    /// An index of the manifest's devices: a device for each rank, in their order.
    public func device(of rank: Int) -> Int { rank }
    /// Who starts the rank's worker: the coordinator, unless the rank is among those started by hand or elsewhere.
    public func host(of rank: Int) -> Host {
        ranksByHand.contains(rank) ? .byHand : ranksElsewhere.contains(rank) ? .elsewhere : .coordinator
    }

    /// The ranks whose workers need not be on the coordinator's machine: they see files of their own, and have ports.
    public var distantRanks: [Int] { ranks.filter { host(of: $0) != .coordinator } }

    /// The ranks of one replica, position by position.
    public func ranks(ofReplica replica: Int) -> [Int] {
        (0..<positions).map { rank(atPosition: $0, replica: replica) }
    }

    /// The ranks that have a stage, in all replicas and shards.
    public func ranks(ofStage stage: Int) -> [Int] {
        let first = rank(ofStage: stage)
        return Array(first..<first + replicas * shards)
    }

    /// The ranks that the coordinator starts, and those that somebody starts by hand.
    public func ranks(on host: Host) -> [Int] { ranks.filter { self.host(of: $0) == host } }

    // MARK: Links

    /// One direction between two workers of a replica. Its number is the run's.
    public struct WorkerLink: Hashable, Sendable {
        /// Unique in the run: (replica × shards + shard) × links of the schedule + `link`.
        public var id: Int
        /// The sending rank.
        public var from: Int
        /// The receiving rank.
        public var to: Int
        /// An index of `LoweredSchedule.links`.
        public var link: Int
    }

    /// One direction between two replicas of a position, for one of the two things that they exchange.
    public struct ReplicaLink: Hashable, Sendable {
        /// What it carries.
        public enum Cargo: Int, Hashable, Sendable, CaseIterable {
            /// A replica's own gradients, to the replica that adds them.
            case parts
            /// Sums, or the weights that follow from them, from the replica that added them.
            case sums
        }
        /// Unique in the run: behind those of all schedule's links.
        public var id: Int
        /// The sending rank.
        public var from: Int
        /// The receiving rank.
        public var to: Int
        /// What it carries.
        public var cargo: Cargo
    }

    /// The links between the replicas of a rank's position that begin or end at it; none of one replica.
    public func replicaLinks(of rank: Int, in lowered: LoweredSchedule) -> [ReplicaLink] {
        let (position, shard) = (position(of: rank), shard(of: rank))
        let others = (0..<replicas).map { self.rank(atPosition: position, replica: $0, shard: shard) }
            .filter { $0 != rank }
        return others.flatMap { other in
            [(rank, other), (other, rank)].flatMap { from, to in
                ReplicaLink.Cargo.allCases.map { cargo in
                    let number = 2 * (from * replicas + replica(of: to)) + cargo.rawValue
                    return ReplicaLink(
                        id: replicas * shards * lowered.links.count + number, from: from, to: to, cargo: cargo)
                }
            }
        }
    }

    /// One direction between two shards of a position, for what they sum.
    public struct ShardLink: Hashable, Sendable {
        /// Unique in the run: behind those of all replicas.
        public var id: Int
        /// The sending rank.
        public var from: Int
        /// The receiving rank.
        public var to: Int
    }

    /// The links between the shards of a rank's layers that begin or end at it; none of one shard.
    public func shardLinks(of rank: Int, in lowered: LoweredSchedule) -> [ShardLink] {
        let first = replicas * shards * lowered.links.count + 2 * rankCount * replicas
        let others = (rank - shard(of: rank)..<rank - shard(of: rank) + shards).filter { $0 != rank }
        return others.flatMap { other in
            [(rank, other), (other, rank)].map { from, to in
                ShardLink(id: first + from * shards + shard(of: to), from: from, to: to)
            }
        }
    }

    /// The run's number of a link of the schedule, in the replica of `rank`.
    public func id(ofLink link: Int, of rank: Int, in lowered: LoweredSchedule) -> Int {
        (replica(of: rank) * shards + shard(of: rank)) * lowered.links.count + link
    }

    /// The links that begin or end at a rank.
    public func links(of rank: Int, in lowered: LoweredSchedule) -> [WorkerLink] {
        let (position, replica, shard) = (position(of: rank), replica(of: rank), shard(of: rank))
        return lowered.links.enumerated().filter { $1.from == position || $1.to == position }.map { index, link in
            WorkerLink(
                id: id(ofLink: index, of: rank, in: lowered),
                from: self.rank(atPosition: link.from, replica: replica, shard: shard),
                to: self.rank(atPosition: link.to, replica: replica, shard: shard), link: index)
        }
    }
}
