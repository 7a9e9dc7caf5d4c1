/// Compaction of a repeated building block: moves its instructions as early as they can run, in units of F = I = W = 1.
///
/// Forwards and input halves keep their order on each rank. A weight half runs in its place, or before it where its rank
/// has nothing else to do, or, once the rank has no more forwards, only where it has nothing else to do: no forward
/// needs the slot that it frees then.
struct Compaction {
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
        var deferredWeights: [Int] = []
        var result: [Instruction] = []
    }

    /// The new order of each rank's instructions. `order` is one in which the ranks can run them.
    static func compact(_ order: [[Instruction]], stages: Int, microBatches: Int) -> [[Instruction]] {
        var compaction = Compaction(order, stages: stages, microBatches: microBatches)
        var now = 0
        while compaction.ranks.indices.contains(where: { compaction.ranks[$0].result.count < order[$0].count }) {
            for rank in order.indices {
                if let instruction = compaction.next(rank, now) { compaction.run(instruction, rank, now) }
            }
            now += 1
        }
        return compaction.ranks.map(\.result)
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
        return ranks[rank].deferredWeights.first.map {
            Instruction(.backwardWeight, stage: $0, microBatch: nextWeight[$0])
        }
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
            ranks[rank].deferredWeights.append(stage)
        case .backwardWeight:
            nextWeight[stage] += 1
            if let oldest = ranks[rank].deferredWeights.firstIndex(of: stage) {
                ranks[rank].deferredWeights.remove(at: oldest)
            }
        }
    }
}
