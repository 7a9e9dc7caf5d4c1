/// When each rank runs each of its instructions, in seconds from the step's start.
public struct Timeline: Hashable, Sendable {
    public struct Span: Hashable, Sendable {
        public var instruction: Instruction
        public var start: Double
        public var end: Double

        public init(instruction: Instruction, start: Double, end: Double) {
            self.instruction = instruction
            self.start = start
            self.end = end
        }
    }

    private let schedule: Schedule
    private let times: StageTimes
    private let starts: [[Double]]
    /// Until the last instruction of any rank has ended.
    public let makespan: Double
    /// By rank: seconds of computing.
    public let busy: [Double]

    init(_ schedule: Schedule, times: StageTimes, starts: [[Double]]) {
        self.schedule = schedule
        self.times = times
        self.starts = starts
        busy = schedule.ranks.map { $0.reduce(0) { $0 + times[$1] } }
        makespan = zip(schedule.ranks, starts).reduce(0) { latest, rank in
            guard let last = rank.0.last, let start = rank.1.last else { return latest }
            return max(latest, start + times[last])
        }
    }

    public var rankCount: Int { starts.count }

    /// What a rank did, in order.
    public func spans(rank: Int) -> [Span] {
        zip(schedule.ranks[rank], starts[rank]).map { instruction, start in
            Span(instruction: instruction, start: start, end: start + times[instruction])
        }
    }

    /// Idle ÷ wall time, over all ranks: 1 − Σ busy / (p · makespan). 0 where nothing takes time.
    public var bubbleFraction: Double {
        makespan > 0 ? 1 - busy.reduce(0, +) / (Double(rankCount) * makespan) : 0
    }

    /// Idle ÷ computing, over all ranks. 0 where nothing takes time.
    public var overhead: Double {
        let computing = busy.reduce(0, +)
        return computing > 0 ? Double(rankCount) * makespan / computing - 1 : 0
    }
}
