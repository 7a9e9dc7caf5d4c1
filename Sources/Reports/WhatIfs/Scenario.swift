import Scheduling

/// A step that could be run: who computes what in which order, and how long each thing takes, in nanoseconds.
struct Scenario {
    /// One stage's passes over one micro-batch, as `StageTimes.Stage` has them in seconds; here recomputation is apart, as
    /// events log it.
    struct StageTime: Hashable {
        var forward: Int64 = 0
        /// The whole backward, or both halves.
        var backward: Int64 = 0
        var backwardInput: Int64 = 0
        var backwardWeight: Int64 = 0
        /// Before the backward or its input half.
        var recompute: Int64 = 0

        var total: Int64 { forward &+ backward &+ recompute }

        subscript(_ pass: Pass) -> Int64 {
            switch pass {
            case .forward: forward
            case .backward: backward
            case .backwardInput: backwardInput
            case .backwardWeight: backwardWeight
            }
        }
    }

    /// What a rank spends besides its instructions.
    struct RankTime: Hashable {
        /// Before the step's first instruction.
        var lead: Int64 = 0
        /// After each instruction.
        var gap: Int64 = 0
        /// Before each forward of the first stage it owns.
        var dataWait: Int64 = 0
        var optimizerBeforeSync: Int64 = 0
        var optimizer: Int64 = 0
    }

    var microBatches: Int
    var rankOfStage: [Int]
    /// By rank.
    var orders: [[Instruction]]
    /// By stage.
    var stages: [StageTime]
    /// By rank.
    var ranks: [RankTime]
    /// From the end of the instruction that makes a message to its arrival; links that are missing take no time.
    var latencies: [Link: Int64]
    /// From the last rank's arrival at the step's end until all go on; nil where no rank waits for the others.
    var sync: Int64?

    var instructionCount: Int { orders.reduce(0) { $0 + $1.count } }

    /// Instructions that a replay is made for, over all of its steps.
    static let sizeLimit = 4_000_000
}

extension Scenario {
    /// Every stage takes the mean of all.
    func balanced() -> Scenario {
        func mean(_ part: (StageTime) -> Int64) -> Int64 {
            Int64(saturating: stages.reduce(0) { $0 + Double(part($1)) } / Double(stages.count))
        }
        var copy = self
        let even = StageTime(
            forward: mean(\.forward), backward: mean(\.backward), backwardInput: mean(\.backwardInput),
            backwardWeight: mean(\.backwardWeight), recompute: mean(\.recompute))
        copy.stages = stages.map { _ in even }
        return copy
    }

    /// Every pass takes so many times as long.
    func withPasses(times factor: Double) -> Scenario {
        func scaled(_ time: Int64) -> Int64 { Int64(saturating: Double(time) * factor) }
        var copy = self
        copy.stages = stages.map { stage in
            StageTime(
                forward: scaled(stage.forward), backward: scaled(stage.backward),
                backwardInput: scaled(stage.backwardInput), backwardWeight: scaled(stage.backwardWeight),
                recompute: scaled(stage.recompute))
        }
        return copy
    }

    func withFreeMessages() -> Scenario {
        var copy = self
        copy.latencies = [:]
        return copy
    }

    func withoutBarrier() -> Scenario {
        var copy = self
        copy.sync = nil
        return copy
    }

    /// Nothing but the schedule: equal stages, nothing in the way of them.
    func ideal() -> Scenario {
        var copy = balanced().withFreeMessages()
        copy.ranks = ranks.map { RankTime(optimizerBeforeSync: $0.optimizerBeforeSync, optimizer: $0.optimizer) }
        copy.sync = sync.map { _ in 0 }
        return copy
    }

    /// The same stages in another order; nil where it does not fit the ranks.
    func following(_ schedule: Schedule) -> Scenario? {
        guard schedule.rankOfStage == rankOfStage, schedule.rankCount == orders.count else { return nil }
        var copy = self
        copy.orders = schedule.ranks
        copy.microBatches = schedule.microBatches
        return copy
    }
}
