/// When each rank works in a step, in seconds from its start.
public struct StepTimes: Hashable, Sendable {
    /// By rank: the start of its first instruction.
    public let begin: [Double]
    /// By rank: the end of its last instruction.
    public let end: [Double]
    /// By rank: seconds of computing.
    public let busy: [Double]

    init(_ execution: Execution) {
        begin = execution.ranks.map(\.begin)
        end = execution.ranks.map(\.end)
        busy = execution.ranks.map(\.busy)
    }

    /// Until the last instruction of any rank has ended.
    public var makespan: Double { end.max() ?? 0 }

    /// Idle ÷ wall time of the makespan, over all ranks: 1 − Σ busy / (p · makespan). 0 where nothing takes time.
    public var bubbleFraction: Double {
        makespan > 0 ? 1 - busy.reduce(0, +) / (Double(busy.count) * makespan) : 0
    }

    /// Idle ÷ computing of the makespan, over all ranks. 0 where nothing takes time.
    public var overhead: Double {
        let computing = busy.reduce(0, +)
        return computing > 0 ? Double(busy.count) * makespan / computing - 1 : 0
    }
}

/// What a rank does between the last instruction of a step and the first of the next.
public struct StepEnd: Hashable, Sendable {
    /// By rank: seconds of the optimizer's update.
    public var optimizer: [Double]
    /// Seconds from when the last rank arrives to when all go on, where ranks wait for one another before the update,
    /// as a global gradient norm makes them; nil where they do not.
    public var barrier: Double?
    /// By rank: seconds from its last instruction until the gradients of all replicas are added; empty where there is one.
    public var gradients: [Double]
    /// By rank: seconds of a message between it and the coordinator, which the barrier waits for there and back; empty where
    /// all are with it.
    public var ways: [Double]

    /// `optimizer` has one entry for each rank, in seconds; so have `gradients` and `ways`, unless they are empty.
    public init(
        optimizer: [Double], barrier: Double? = nil, gradients: [Double] = [], ways: [Double] = []
    ) {
        self.ways = ways
        self.optimizer = optimizer
        self.barrier = barrier
        self.gradients = gradients
    }
}

extension StepTimes {
    /// Seconds from one step to the next.
    ///
    /// With a barrier: until the last rank's word has come to it, the barrier, and the slowest update, or the way of the answer
    /// and the update of a rank that begins its next step later by less. Without one, a rank begins its next step when
    /// it has updated: the largest of the ranks' spans from their first instruction to the end of their update.
    /// `end.optimizer` holds one number for each rank.
    public func period(_ end: StepEnd) -> Double {
        precondition(end.optimizer.count == self.end.count, "\(end.optimizer.count) updates of \(self.end.count) ranks")
        let ends = self.end.indices.map { self.end[$0] + (end.gradients.isEmpty ? 0 : end.gradients[$0]) }
        if let barrier = end.barrier {
            guard !end.ways.isEmpty else { return (ends.max() ?? 0) + barrier + (end.optimizer.max() ?? 0) }
            let answered = (zip(ends, end.ways).map(+).max() ?? 0) + barrier
            let begun = ends.indices.map { end.ways[$0] + end.optimizer[$0] - begin[$0] }
            return answered + max(end.optimizer.max() ?? 0, begun.max() ?? 0)
        }
        return ends.indices.map { ends[$0] + end.optimizer[$0] - begin[$0] }.max() ?? 0
    }

    /// Idle ÷ wall time from one step to the next, where computing and updating are work.
    public func bubbleFraction(_ end: StepEnd) -> Double {
        let period = period(end)
        let work = busy.reduce(0, +) + end.optimizer.reduce(0, +)
        return period > 0 ? 1 - work / (Double(busy.count) * period) : 0
    }
}
