import Partitioning

/// Cuts and what they are predicted to do.
public struct StepPlan: Hashable, Sendable {
    /// The schedule's name and measures.
    public let schedule: String
    /// Micro-batches of one step.
    public let microBatches: Int
    /// The rank that owns each stage, indexed by stage.
    public let rankOfStage: [Int]
    /// How many layers are cut into stages.
    public let layerCount: Int
    /// The first layer of each stage but the first.
    public let cuts: [Int]
    /// From one step to the next, with the updates and the barrier.
    public let stepSeconds: Double
    /// Idle ÷ wall time over all ranks, where computing and updating are work.
    public let bubbleFraction: Double
    /// By rank: the parameters' state and the activations in flight at their peak.
    public let memoryOfRank: [Int]
    /// When each rank works.
    public let times: StepTimes

    /// How many ranks the plan is for.
    public var rankCount: Int { memoryOfRank.count }
    /// Stages of all ranks.
    public var stageCount: Int { rankOfStage.count }
    /// Stages of each rank.
    public var virtual: Int { stageCount / max(rankCount, 1) }

    /// The layers of each stage.
    public var stages: [Range<Int>] { Partition.stages(cuts: cuts, layers: layerCount) }
}
