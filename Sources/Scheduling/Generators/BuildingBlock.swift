/// When one micro-batch's passes run on every rank of a pipeline folded in a V, in units of F = I = W = 1.
///
/// Rank r owns stage r, on the way out, and stage 2p − 1 − r, on the way back. The schedule is this block repeated every
/// six units, which is how long a rank's six passes take: on each rank the six times differ modulo 6, so repetitions
/// never collide. How long a block holds its activations is how many the schedule holds (Qi et al., 2405.15362, § 3).
struct BuildingBlock {
    /// Units between repetitions.
    static let period = 6

    /// Units from one rank to the next, at least 1: how a pass travels along the ranks.
    struct Pace {
        /// Forwards on the way out, forwards on the way back.
        var forwardOut: Int
        var forwardBack: Int
        /// Input gradients along the way back, and along the way out.
        var inputBack: Int
        var inputOut: Int
    }

    /// Units that a pass waits at the fold and at the loss.
    struct Wait {
        var forwardBack = 0
        var inputBack = 0
        var inputOut = 0
    }

    let ranks: Int
    let pace: Pace
    let wait: Wait

    /// When the passes of micro-batch 0 run on a rank, by time.
    func passes(rank: Int) -> [(time: Int, pass: Pass, stage: Int)] {
        let last = ranks - 1
        let fold = pace.forwardOut * last + 1 + wait.forwardBack
        let loss = fold + pace.forwardBack * last + 1 + wait.inputBack
        let unfold = loss + pace.inputBack * last + 1 + wait.inputOut
        let forwardOut = pace.forwardOut * rank
        let forwardBack = fold + pace.forwardBack * (last - rank)
        let inputBack = loss + pace.inputBack * rank
        let inputOut = unfold + pace.inputOut * (last - rank)
        var taken = Set([forwardOut, forwardBack, inputBack, inputOut].map { $0 % Self.period })
        precondition(taken.count == 4, "a building block that collides with its repetitions on rank \(rank)")
        let weightBack = Self.free(after: inputBack, &taken)
        let weightOut = Self.free(after: inputOut, &taken)
        let (out, back) = (rank, 2 * ranks - 1 - rank)
        return [
            (forwardOut, .forward, out), (forwardBack, .forward, back), (inputBack, .backwardInput, back),
            (inputOut, .backwardInput, out), (weightBack, .backwardWeight, back), (weightOut, .backwardWeight, out),
        ].sorted { $0.time < $1.time }
    }

    /// The next time that no other pass of the rank has, modulo the period.
    private static func free(after time: Int, _ taken: inout Set<Int>) -> Int {
        var free = time + 1
        while !taken.insert(free % period).inserted { free += 1 }
        return free
    }

    /// The block repeated for every micro-batch: each rank's instructions in the order of their times.
    func repeated(microBatches: Int) -> [[Instruction]] {
        (0..<ranks).map { rank in
            let passes = passes(rank: rank)
            // Passes in the order of their residues; each comes back every period with the next micro-batch.
            let end = (passes.last?.time ?? 0) + Self.period * microBatches
            var byResidue = [(time: Int, pass: Pass, stage: Int)?](repeating: nil, count: Self.period)
            for entry in passes { byResidue[entry.time % Self.period] = entry }
            return (0..<end).compactMap { time in
                guard let entry = byResidue[time % Self.period], time >= entry.time else { return nil }
                let microBatch = (time - entry.time) / Self.period
                guard microBatch < microBatches else { return nil }
                return Instruction(entry.pass, stage: entry.stage, microBatch: microBatch)
            }
        }
    }
}
