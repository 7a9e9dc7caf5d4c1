/// When each rank runs each of its instructions, in seconds from the step's start.
///
///     let schedule = Schedule.gpipe(stages: 4, microBatches: 8)
///     let timeline = try schedule.simulate(edges: Edge.chain(stages: 4), times: .units(stages: 4))
///     for span in timeline.spans(rank: 0) { print(span.instruction, span.start, span.end) }
public struct Timeline: Hashable, Sendable {
    /// One instruction and when it runs.
    public struct Span: Hashable, Sendable {
        /// What the rank computes.
        public var instruction: Instruction
        /// Seconds from the step's start to when it begins.
        public var start: Double
        /// Seconds from the step's start to when it ends.
        public var end: Double

        /// An instruction from `start` to `end`, in seconds from the step's start.
        public init(instruction: Instruction, start: Double, end: Double) {
            self.instruction = instruction
            self.start = start
            self.end = end
        }
    }

    private let schedule: Schedule
    private let times: StageTimes
    private let starts: [[Double]]
    /// What it sums up to.
    public let step: StepTimes

    init(_ schedule: Schedule, times: StageTimes, starts: [[Double]], step: StepTimes) {
        self.schedule = schedule
        self.times = times
        self.starts = starts
        self.step = step
    }

    /// Ranks of the schedule.
    public var rankCount: Int { starts.count }

    /// What a rank did, in order.
    public func spans(rank: Int) -> [Span] {
        zip(schedule.ranks[rank], starts[rank]).map { instruction, start in
            Span(instruction: instruction, start: start, end: start + times[instruction])
        }
    }

    /// Until the last instruction of any rank has ended.
    public var makespan: Double { step.makespan }

    /// By rank: seconds of computing.
    public var busy: [Double] { step.busy }

    /// Idle ÷ wall time, over all ranks: 1 − Σ busy / (p · makespan). 0 where nothing takes time.
    public var bubbleFraction: Double { step.bubbleFraction }

    /// Idle ÷ computing, over all ranks. 0 where nothing takes time.
    public var overhead: Double { step.overhead }
}
