/// How long each stage's passes take, in seconds.
public struct StageTimes: Hashable, Sendable {
    public struct Stage: Hashable, Sendable {
        public var forward: Double
        public var backward: Double
        public var backwardInput: Double
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

    public var stages: [Stage]

    public init(stages: [Stage]) { self.stages = stages }

    public init(uniform stage: Stage, stages: Int) {
        self.stages = [Stage](repeating: stage, count: stages)
    }

    /// The time units that schedules are drawn in: F, I and W take one, B takes two.
    public static func units(stages: Int) -> StageTimes {
        StageTimes(uniform: Stage(forward: 1, backward: 2), stages: stages)
    }

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

    public init(latency: Double, secondsPerMessage: Double) {
        self.latency = latency
        self.secondsPerMessage = secondsPerMessage
    }

    public static let free = LinkTime(latency: 0, secondsPerMessage: 0)
}
