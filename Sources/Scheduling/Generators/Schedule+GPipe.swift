extension Schedule {
    /// GPipe (1811.06965): all forwards, then all backwards, on every rank. Each stage holds all m micro-batches.
    ///
    /// For p = 4 and m = 8:
    ///
    ///     rank 0 F0F1F2F3F4F5F6F7··················B0──B1──B2──B3──B4──B5──B6──B7──
    ///     rank 1 ··F0F1F2F3F4F5F6F7············B0──B1──B2──B3──B4──B5──B6──B7──····
    ///     rank 2 ····F0F1F2F3F4F5F6F7······B0──B1──B2──B3──B4──B5──B6──B7──········
    ///     rank 3 ······F0F1F2F3F4F5F6F7B0──B1──B2──B3──B4──B5──B6──B7──············
    public static func gpipe(stages: Int, microBatches: Int) -> Schedule {
        precondition(stages >= 1 && microBatches >= 1, "\(stages) stages, \(microBatches) micro-batches")
        let ranks = (0..<stages).map { stage in
            let fill = (0..<microBatches).map { Instruction(.forward, stage: stage, microBatch: $0) }
            let drain = (0..<microBatches).map { Instruction(.backward, stage: stage, microBatch: $0) }
            return fill + drain
        }
        return Schedule(
            name: "gpipe", microBatches: microBatches, rankOfStage: Array(0..<stages), ranks: ranks)
    }
}
