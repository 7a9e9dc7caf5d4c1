/// Who computes what when, as data: per rank, an ordered list of compute instructions of one step.
///
/// Sends, receives and buffer lifetimes are not part of a schedule: `lower(edges:)` derives them.
public struct Schedule: Hashable, Sendable {
    /// `1f1b`, `gpipe`, … or the file it was read from.
    public var name: String
    public var microBatches: Int
    /// The rank that owns each stage, indexed by stage. With virtual stages a rank owns several.
    public var rankOfStage: [Int]
    /// The instructions of each rank, indexed by rank.
    public var ranks: [[Instruction]]

    public init(name: String, microBatches: Int, rankOfStage: [Int], ranks: [[Instruction]]) {
        self.name = name
        self.microBatches = microBatches
        self.rankOfStage = rankOfStage
        self.ranks = ranks
    }

    public var stageCount: Int { rankOfStage.count }
    public var rankCount: Int { ranks.count }
}

extension Schedule {
    /// The most micro-batches that hold activations of a stage at one time: between their F and their last backward half.
    public func inFlight(stage: Int) -> Int {
        var held = 0
        var peak = 0
        for instruction in ranks[rankOfStage[stage]] where instruction.stage == stage {
            held += instruction.pass.activationsTaken
            peak = max(peak, held)
        }
        return peak
    }
}

extension Pass {
    /// How a stage's count of micro-batches in flight changes: up with F, down with the last backward half.
    var activationsTaken: Int {
        switch self {
        case .forward: 1
        case .backward, .backwardWeight: -1
        case .backwardInput: 0
        }
    }
}
