/// Who computes what when, as data: per rank, an ordered list of compute instructions of one step.
///
/// Sends, receives and buffer lifetimes are not part of a schedule: `lower(edges:)` derives them.
///
///     let schedule = Schedule.oneForwardOneBackward(stages: 4, microBatches: 8)
///     print(try schedule.grid())
///     let bubble = try schedule.simulate(edges: Edge.chain(stages: 4), times: .units(stages: 4)).bubbleFraction
public struct Schedule: Hashable, Sendable {
    /// `1f1b`, `gpipe`, … or the file it was read from.
    public var name: String
    /// Micro-batches of one step.
    public var microBatches: Int
    /// The rank that owns each stage, indexed by stage. With virtual stages a rank owns several.
    public var rankOfStage: [Int]
    /// The instructions of each rank, indexed by rank.
    public var ranks: [[Instruction]]
    /// Whether nothing comes back: each micro-batch has its F on each stage, and that is all.
    public internal(set) var isForwardOnly = false

    /// A schedule of given instructions, which are not checked here: `validate(edges:queueDepth:)` does that.
    public init(name: String, microBatches: Int, rankOfStage: [Int], ranks: [[Instruction]]) {
        self.name = name
        self.microBatches = microBatches
        self.rankOfStage = rankOfStage
        self.ranks = ranks
    }

    /// Stages of all ranks.
    public var stageCount: Int { rankOfStage.count }
    /// Ranks of one pipeline.
    public var rankCount: Int { ranks.count }
    /// By stage: whether it runs the two backward halves of any micro-batch apart.
    public var splitsBackward: [Bool] {
        ranks.joined().reduce(into: [Bool](repeating: false, count: stageCount)) {
            if $1.pass == .backwardWeight { $0[$1.stage] = true }
        }
    }
}

/// Until when activations count as held.
public enum ActivationHold: Hashable, Sendable, CaseIterable {
    /// The last backward half: B or W. What an activation slot lives for.
    case lastBackward
    /// B or I: for stages whose weight half needs little of what the forward kept.
    case inputGradient
}

extension Schedule {
    /// The most micro-batches that hold activations of a stage at one time: from their F until their last backward half.
    public func inFlight(stage: Int) -> Int { inFlight(stage: stage, until: .lastBackward) }

    /// The most micro-batches that hold activations of a stage at one time: from their F until `end`.
    public func inFlight(stage: Int, until end: ActivationHold) -> Int {
        peak(rank: rankOfStage[stage], until: end) { $0 == stage ? 1 : 0 }
    }

    /// The most activations that a rank holds at one time, over all its stages: pairs of a stage and a micro-batch.
    public func inFlight(rank: Int, until end: ActivationHold = .lastBackward) -> Int {
        peak(rank: rank, until: end) { _ in 1 }
    }

    /// The most that a rank holds at one time where a stage's activations of one micro-batch weigh so much.
    public func peak(rank: Int, until end: ActivationHold = .lastBackward, weight: (_ stage: Int) -> Int) -> Int {
        var held = 0
        var peak = 0
        for instruction in ranks[rank] {
            let change = instruction.pass.activationsTaken(until: end)
            guard change != 0 else { continue }
            held += change * weight(instruction.stage)
            peak = max(peak, held)
        }
        return peak
    }
}

extension Pass {
    /// How a stage's count of micro-batches in flight changes: up with F, down where the hold ends.
    func activationsTaken(until end: ActivationHold = .lastBackward) -> Int {
        switch self {
        case .forward: 1
        case .backward: -1
        case .backwardWeight: end == .lastBackward ? -1 : 0
        case .backwardInput: end == .inputGradient ? -1 : 0
        }
    }
}
