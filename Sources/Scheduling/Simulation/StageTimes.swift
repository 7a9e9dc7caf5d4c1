/// How long each stage's passes take, in seconds.
///
///     var times = StageTimes(uniform: .init(forward: 0.01, backward: 0.02), stages: 4)
///     times.stages[2].forward = 0.015
///     let step = try schedule.simulate(edges: Edge.chain(stages: 4), times: times)
public struct StageTimes: Hashable, Sendable {
    /// Seconds of one stage's passes over one micro-batch.
    public struct Stage: Hashable, Sendable {
        /// Seconds of F.
        public var forward: Double
        /// Seconds of B: both backward halves at once, with recomputation where there is any.
        public var backward: Double
        /// Seconds of I, the input-gradient half.
        public var backwardInput: Double
        /// Seconds of W, the weight-gradient half.
        public var backwardWeight: Double

        /// The backward halves share the backward's time equally unless given.
        public init(
            forward: Double, backward: Double, backwardInput: Double? = nil, backwardWeight: Double? = nil
        ) {
            self.forward = forward
            self.backward = backward
            self.backwardInput = backwardInput ?? backward / 2
            self.backwardWeight = backwardWeight ?? backward / 2
        }
    }

    /// By stage.
    public var stages: [Stage]

    /// One entry for each stage, in pipeline order.
    public init(stages: [Stage]) { self.stages = stages }

    /// The same times for every stage.
    public init(uniform stage: Stage, stages: Int) {
        self.stages = [Stage](repeating: stage, count: stages)
    }

    /// The time units that schedules are drawn in: F, I and W take one, B takes two.
    public static func units(stages: Int) -> StageTimes {
        StageTimes(uniform: Stage(forward: 1, backward: 2), stages: stages)
    }

    /// Seconds of an instruction; its stage must be one of `stages`.
    public subscript(_ instruction: Instruction) -> Double {
        switch instruction.pass {
        case .forward: stages[instruction.stage].forward
        case .backward: stages[instruction.stage].backward
        case .backwardInput: stages[instruction.stage].backwardInput
        case .backwardWeight: stages[instruction.stage].backwardWeight
        }
    }
}

/// What a message costs, in seconds. Messages of one link follow one another; none slows a rank's computing.
public struct LinkTime: Hashable, Sendable {
    /// From the last byte's departure to its arrival.
    public var latency: Double
    /// How long a message occupies its link: bytes ÷ bandwidth.
    public var secondsPerMessage: Double

    /// A message's cost from its link's latency and its own time on the link, both in seconds.
    public init(latency: Double, secondsPerMessage: Double) {
        self.latency = latency
        self.secondsPerMessage = secondsPerMessage
    }

    /// Messages that take no time: only the order of instructions makes ranks wait.
    public static let free = LinkTime(latency: 0, secondsPerMessage: 0)
}
