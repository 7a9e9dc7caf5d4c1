extension Schedule {
    /// The same stages on the same ranks, forwards alone: what an evaluation runs.
    ///
    /// A stage takes its micro-batches in their order. A rank with several stages runs them as if each forward took one
    /// unit: with v stages a rank, micro-batch m enters at m·v and reaches stage s at m·v + s.
    ///
    /// For p = 4 and m = 5:
    ///
    ///     rank 0 F0F1F2F3F4······
    ///     rank 1 ··F0F1F2F3F4····
    ///     rank 2 ····F0F1F2F3F4··
    ///     rank 3 ······F0F1F2F3F4
    public var forwardOnly: Schedule {
        let stages = (0..<rankCount).map { rank in rankOfStage.indices.filter { rankOfStage[$0] == rank } }
        let most = stages.map(\.count).max() ?? 1
        func due(_ instruction: Instruction) -> (Int, Int) {
            (instruction.microBatch * most + instruction.stage, instruction.stage)
        }
        var schedule = Schedule(
            name: "\(name), forward only", microBatches: microBatches, rankOfStage: rankOfStage,
            ranks: stages.map { own in
                own.flatMap { stage in
                    (0..<microBatches).map { Instruction(.forward, stage: stage, microBatch: $0) }
                }.sorted { due($0) < due($1) }
            })
        schedule.isForwardOnly = true
        return schedule
    }
}
