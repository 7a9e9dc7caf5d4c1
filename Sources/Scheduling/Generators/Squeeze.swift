/// Moves a repeated building block's instructions as early as they can run, in units of F = I = W = 1.
///
/// Forwards and input halves keep their order on each rank. A weight half runs in its place, or before it where its rank
/// has nothing else to do, or, once the rank has no more forwards, only where it has nothing else to do: nobody waits
/// for the activations that it gives back then.
struct Squeeze {
    private let order: [[Instruction]]
    private let stages: Int
    private let microBatches: Int
    /// By stage and micro-batch: the unit from which its result may be used.
    private var forwardReady: [Int]
    private var inputReady: [Int]
    /// By stage: its next weight half.
    private var nextWeight: [Int]
    private var ranks: [Rank]

    private struct Rank {
        var at = 0
        var forwardsLeft: Int
        /// The stages whose input half has run and whose weight half has not, oldest first.
        var owed: [Int] = []
        var result: [Instruction] = []
    }

    /// The new order of each rank's instructions. `order` is one in which the ranks can run them.
    static func squeeze(_ order: [[Instruction]], stages: Int, microBatches: Int) -> [[Instruction]] {
        var squeeze = Squeeze(order, stages: stages, microBatches: microBatches)
        var now = 0
        while squeeze.ranks.indices.contains(where: { squeeze.ranks[$0].result.count < order[$0].count }) {
            for rank in order.indices {
                if let instruction = squeeze.next(rank, now) { squeeze.run(instruction, rank, now) }
            }
            now += 1
        }
        return squeeze.ranks.map(\.result)
    }

    private init(_ order: [[Instruction]], stages: Int, microBatches: Int) {
        self.order = order
        self.stages = stages
        self.microBatches = microBatches
        forwardReady = [Int](repeating: .max, count: stages * microBatches)
        inputReady = forwardReady
        nextWeight = [Int](repeating: 0, count: stages)
        ranks = order.map { Rank(forwardsLeft: $0.count { $0.pass == .forward }) }
    }

    private mutating func next(_ rank: Int, _ now: Int) -> Instruction? {
        while ranks[rank].at < order[rank].count {
            let instruction = order[rank][ranks[rank].at]
            guard instruction.pass == .backwardWeight && (ranks[rank].forwardsLeft == 0 || isDone(instruction)) else {
                guard isReady(instruction, now) else { break }
                ranks[rank].at += 1
                return instruction
            }
            ranks[rank].at += 1
        }
        return ranks[rank].owed.first.map { Instruction(.backwardWeight, stage: $0, microBatch: nextWeight[$0]) }
    }

    private func isDone(_ weight: Instruction) -> Bool { weight.microBatch < nextWeight[weight.stage] }

    private func isReady(_ instruction: Instruction, _ now: Int) -> Bool {
        let (stage, cell) = (instruction.stage, instruction.stage * microBatches + instruction.microBatch)
        return switch instruction.pass {
        case .forward: stage == 0 || forwardReady[cell - microBatches] <= now
        case .backward, .backwardInput:
            forwardReady[cell] <= now && (stage == stages - 1 || inputReady[cell + microBatches] <= now)
        case .backwardWeight: inputReady[cell] <= now
        }
    }

    private mutating func run(_ instruction: Instruction, _ rank: Int, _ now: Int) {
        let (stage, cell) = (instruction.stage, instruction.stage * microBatches + instruction.microBatch)
        ranks[rank].result.append(instruction)
        switch instruction.pass {
        case .forward:
            forwardReady[cell] = now + 1
            ranks[rank].forwardsLeft -= 1
        case .backward, .backwardInput:
            inputReady[cell] = now + 1
            ranks[rank].owed.append(stage)
        case .backwardWeight:
            nextWeight[stage] += 1
            if let oldest = ranks[rank].owed.firstIndex(of: stage) { ranks[rank].owed.remove(at: oldest) }
        }
    }
}
