extension Schedule {
    /// Interleaved 1F1B (Megatron-LM, 2104.04473, § 2.2): rank r owns the stages r, r + p, r + 2p, …, v of them.
    ///
    /// Micro-batches go in rounds of at least p, as equal as they can be (the longer ones first), so that any m will do:
    /// each stage of a rank has a round's forwards, then the rank's next stage. A rank runs
    /// 2·(p − r − 1) + (v − 1)·(longest round) forwards ahead, then one forward, one backward. Where m ≥ p the overhead
    /// is (p − 1) / (m·v). With v = 1 this is 1F1B.
    ///
    /// For p = 2, m = 4 and v = 2:
    ///
    ///     rank 0 0F00F12F02F10F2···2B0───0F32B1───2F20B0───2F30B1───···2B2───···2B3───0B2───0B3───
    ///     rank 1 ···1F01F13F03B0───3F13B1───1F21B0───1F31B1───3F23B2───3F33B3───1B2───1B3───······
    public static func interleaved(ranks p: Int, microBatches m: Int, virtual v: Int) -> Schedule {
        precondition(p >= 1 && m >= 1 && v >= 1, "\(p) ranks, \(m) micro-batches, \(v) stages for each rank")
        let rounds = rounds(of: m, ranks: p)
        let ranks = (0..<p).map { rank in
            let lead = (v > 1 ? 2 : 1) * (p - rank - 1) + (v - 1) * rounds[0].count
            let chunks = 0..<v
            let forwards = rounds.flatMap { round in
                chunks.flatMap { chunk in
                    round.map { Instruction(.forward, stage: chunk * p + rank, microBatch: $0) }
                }
            }
            let backwards = rounds.flatMap { round in
                chunks.reversed().flatMap { chunk in
                    round.map { Instruction(.backward, stage: chunk * p + rank, microBatch: $0) }
                }
            }
            return alternate(forwards, backwards, ahead: min(lead, forwards.count))
        }
        return Schedule(name: "interleaved", microBatches: m, rankOfStage: (0..<(p * v)).map { $0 % p }, ranks: ranks)
    }

    /// 0 ..< m in runs of at least p that differ by one at most; one run where m < p.
    private static func rounds(of microBatches: Int, ranks: Int) -> [Range<Int>] {
        let count = max(microBatches / ranks, 1)
        let (length, longer) = microBatches.quotientAndRemainder(dividingBy: count)
        return (0..<count).map { round in
            let start = round * length + min(round, longer)
            return start..<(start + length + (round < longer ? 1 : 0))
        }
    }

    /// Warm-up, steady and cool-down: `ahead` forwards, then a forward and a backward in turn, then backwards.
    static func alternate(_ forwards: [Instruction], _ backwards: [Instruction], ahead: Int) -> [Instruction] {
        let steady = zip(forwards[ahead...], backwards).flatMap { [$0, $1] }
        return Array(forwards[..<ahead]) + steady + Array(backwards[(backwards.count - ahead)...])
    }
}
