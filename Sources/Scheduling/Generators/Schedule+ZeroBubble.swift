extension Schedule {
    /// ZB-H1 (Zero Bubble, 2401.10241, § 2.2): 1F1B with its backwards in halves and the weight halves of stage s
    /// s micro-batches late, so that the cool-down has something to do. The first stage's halves follow each other, and it
    /// has no gradient to send in between: they are one B, which keeps nothing from half to half.
    ///
    /// Each stage holds at most min(p, m) micro-batches: as many as the first, fullest stage of 1F1B. With
    /// F = I = W = 1 and m ≥ p a step spans 3m + p − 1, the least there is where all stages end a step together.
    ///
    /// For p = 4 and m = 8:
    ///
    ///     rank 0 F0F1F2F3······B0──F4B1──F5B2──F6B3──F7B4──B5──B6──B7──
    ///     rank 1 ··F0F1F2····I0F3I1W0F4I2W1F5I3W2F6I4W3F7I5W4I6W5I7W6W7
    ///     rank 2 ····F0F1··I0F2I1F3I2W0F4I3W1F5I4W2F6I5W3F7I6W4I7W5W6W7
    ///     rank 3 ······F0I0F1I1F2I2F3I3W0F4I4W1F5I5W2F6I6W3F7I7W4W5W6W7
    public static func zeroBubbleH1(stages: Int, microBatches: Int) -> Schedule {
        lagging("zb-h1", stages: stages, microBatches: microBatches, lead: 1)
    }

    /// ZB-H2 (Zero Bubble, 2401.10241, § 2.3): the warm-up is long enough to last until the first backward.
    ///
    /// Each stage holds at most min(2p − 1, m) micro-batches. With F = I = W and m ≥ 2p − 1 no stage idles between its
    /// first and its last instruction; where all stages end a step together that still spans 3m + p − 1.
    ///
    /// For p = 4 and m = 8:
    ///
    ///     rank 0 F0F1F2F3F4F5F6B0──F7B1──B2──B3──B4──B5──B6──B7──······
    ///     rank 1 ··F0F1F2F3F4I0F5I1F6I2W0F7I3W1I4W2I5W3I6W4I7W5W6W7····
    ///     rank 2 ····F0F1F2I0F3I1F4I2F5I3F6I4W0F7I5W1I6W2I7W3W4W5W6W7··
    ///     rank 3 ······F0I0F1I1F2I2F3I3F4I4F5I5F6I6W0F7I7W1W2W3W4W5W6W7
    public static func zeroBubbleH2(stages: Int, microBatches: Int) -> Schedule {
        lagging("zb-h2", stages: stages, microBatches: microBatches, lead: 2)
    }

    /// Stage s runs `lead` · (p − 1 − s) forwards ahead and its weight halves `lead` · s micro-batches behind.
    private static func lagging(_ name: String, stages: Int, microBatches: Int, lead: Int) -> Schedule {
        precondition(stages >= 1 && microBatches >= 1, "\(stages) stages, \(microBatches) micro-batches")
        let ranks = (0..<stages).map { stage in
            let ahead = min(lead * (stages - 1 - stage), microBatches)
            let behind = min(lead * stage, microBatches)
            func instruction(_ pass: Pass) -> (Int) -> Instruction {
                { Instruction(pass, stage: stage, microBatch: $0) }
            }
            let warmUp = (0..<ahead).map(instruction(.forward))
            let steady = (0..<microBatches).flatMap { step in
                [
                    ahead + step < microBatches ? instruction(.forward)(ahead + step) : nil,
                    instruction(stage == 0 ? .backward : .backwardInput)(step),
                    stage > 0 && step >= behind ? instruction(.backwardWeight)(step - behind) : nil,
                ].compactMap { $0 }
            }
            let coolDown = ((microBatches - behind)..<microBatches).map(instruction(.backwardWeight))
            return warmUp + steady + coolDown
        }
        return Schedule(name: name, microBatches: microBatches, rankOfStage: Array(0..<stages), ranks: ranks)
    }
}
