extension Schedule {
    /// 1F1B (PipeDream, 1806.03377, with a flush per step): stage s holds at most min(p − s, m) micro-batches.
    ///
    /// For p = 4 and m = 8:
    ///
    ///     rank 0 F0F1F2F3············B0──F4B1──F5B2──F6B3──F7B4──··B5──··B6──··B7──
    ///     rank 1 ··F0F1F2········B0──F3B1──F4B2──F5B3──F6B4──F7B5──··B6──··B7──····
    ///     rank 2 ····F0F1····B0──F2B1──F3B2──F4B3──F5B4──F6B5──F7B6──··B7──········
    ///     rank 3 ······F0B0──F1B1──F2B2──F3B3──F4B4──F5B5──F6B6──F7B7──············
    public static func oneForwardOneBackward(stages: Int, microBatches: Int) -> Schedule {
        precondition(stages >= 1 && microBatches >= 1, "\(stages) stages, \(microBatches) micro-batches")
        let ranks = (0..<stages).map { stage in
            let ahead = min(stages - stage - 1, microBatches)
            let forwards = (0..<microBatches).map { Instruction(.forward, stage: stage, microBatch: $0) }
            let backwards = (0..<microBatches).map { Instruction(.backward, stage: stage, microBatch: $0) }
            return alternate(forwards, backwards, ahead: ahead)
        }
        return Schedule(
            name: "1f1b", microBatches: microBatches, rankOfStage: Array(0..<stages), ranks: ranks)
    }
}
