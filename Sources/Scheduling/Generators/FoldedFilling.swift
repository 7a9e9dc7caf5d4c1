/// ZB-V's order where there are micro-batches enough: each rank always does the first of what it can do, unit by unit of
/// F = I = W = 1.
///
/// 1. The forward of its stage on the way back, then that of its stage on the way out, while it holds fewer than 2p
///    activations.
/// 2. The input half of its stage on the way out.
/// 3. The weight half of its stage on the way out, then the input half of its stage on the way back; the other way round
///    where no micro-batch is between the two stages' forwards.
/// 4. The weight half of its stage on the way back.
///
/// What is held at first for forwards that are ahead is held in the end for weight halves that are behind, so that no rank
/// idles from its first instruction to its last: with m ≥ 2p both are 6m units apart, on every rank. (Found by a search over
/// priorities, and tried for all p ≤ 20 and 2p ≤ m ≤ 5p.)
struct FoldedFilling {
    private let ranks: Int
    private let microBatches: Int
    /// By stage and micro-batch: the unit from which its result may be used.
    private var forwardReady: [Int]
    private var inputReady: [Int]
    /// By stage: how many of its passes are done.
    private var forwards: [Int]
    private var inputs: [Int]
    private var weights: [Int]
    private var order: [[Instruction]]

    /// Each rank's instructions, of a pipeline folded in a V: rank r owns stages r and 2p − 1 − r.
    static func order(ranks: Int, microBatches: Int) -> [[Instruction]] {
        var filling = FoldedFilling(ranks: ranks, microBatches: microBatches)
        var left = 6 * ranks * microBatches
        var now = 0
        while left > 0 {
            for rank in 0..<ranks where filling.advance(rank, now) { left -= 1 }
            now += 1
        }
        return filling.order
    }

    private init(ranks: Int, microBatches: Int) {
        self.ranks = ranks
        self.microBatches = microBatches
        forwardReady = [Int](repeating: .max, count: 2 * ranks * microBatches)
        inputReady = forwardReady
        forwards = [Int](repeating: 0, count: 2 * ranks)
        (inputs, weights) = (forwards, forwards)
        order = [[Instruction]](repeating: [], count: ranks)
    }

    /// - Returns: whether the rank has anything to do in this unit.
    private mutating func advance(_ rank: Int, _ now: Int) -> Bool {
        let (out, back) = (rank, 2 * ranks - 1 - rank)
        let isEven = forwards[out] == forwards[back]
        return forward(back, out, now) || forward(out, back, now) || input(out, now)
            || (isEven && input(back, now)) || weight(out, now) || input(back, now) || weight(back, now)
    }

    private mutating func forward(_ stage: Int, _ other: Int, _ now: Int) -> Bool {
        let microBatch = forwards[stage]
        let held = forwards[stage] - weights[stage] + forwards[other] - weights[other]
        guard microBatch < microBatches, held < 2 * ranks,
            stage == 0 || forwardReady[cell(stage - 1, microBatch)] <= now
        else { return false }
        forwards[stage] += 1
        forwardReady[cell(stage, microBatch)] = now + 1
        return add(.forward, stage, microBatch)
    }

    private mutating func input(_ stage: Int, _ now: Int) -> Bool {
        let microBatch = inputs[stage]
        guard microBatch < microBatches, forwardReady[cell(stage, microBatch)] <= now,
            stage == 2 * ranks - 1 || inputReady[cell(stage + 1, microBatch)] <= now
        else { return false }
        inputs[stage] += 1
        inputReady[cell(stage, microBatch)] = now + 1
        return add(.backwardInput, stage, microBatch)
    }

    private mutating func weight(_ stage: Int, _ now: Int) -> Bool {
        let microBatch = weights[stage]
        guard microBatch < microBatches, inputReady[cell(stage, microBatch)] <= now else { return false }
        weights[stage] += 1
        return add(.backwardWeight, stage, microBatch)
    }

    private mutating func add(_ pass: Pass, _ stage: Int, _ microBatch: Int) -> Bool {
        order[min(stage, 2 * ranks - 1 - stage)].append(Instruction(pass, stage: stage, microBatch: microBatch))
        return true
    }

    private func cell(_ stage: Int, _ microBatch: Int) -> Int { stage * microBatches + microBatch }
}
