extension Schedule {
    /// ZB-V (Zero Bubble, 2401.10241, § 6; as a building block in 2405.15362, § 3): rank r owns stage r and stage
    /// 2p − 1 − r, so that the pipeline is folded in a V and the loss is on rank 0.
    ///
    /// A rank holds the activations of at most 2p micro-batches of its half-size stages: as many bytes as the first rank
    /// of 1F1B; the last rank besides what lies between the halves of as many backwards. With F = I = W = 1 and m ≥ p a
    /// step spans 6m + p − 1 of these half-size units; with m ≥ 2p no rank idles from its first instruction to its last,
    /// so that without a barrier a step follows the one before after 6m units.
    ///
    /// For p = 2 and m = 4:
    ///
    ///     rank 0 0F00F10F23F03I03W03F10I00W00F33I13W13F20I10W13I23W23F33I30I20W20I30W33W3···
    ///     rank 1 ···1F02F01F12F12I01I01W01F22W02F22I11I11W11F32W12F32I21I22I31I31W21W32W22W3
    public static func zeroBubbleV(ranks: Int, microBatches: Int) -> Schedule {
        precondition(ranks >= 1 && microBatches >= 1, "\(ranks) ranks, \(microBatches) micro-batches")
        guard microBatches < 2 * ranks else {
            return folded(
                "zb-v", ranks: ranks, microBatches: microBatches,
                FoldedFilling.order(ranks: ranks, microBatches: microBatches))
        }
        return folded(
            "zb-v", ranks: ranks, microBatches: microBatches,
            pace: BuildingBlock.Pace(forwardOut: 4, forwardBack: 2, inputBack: 4, inputOut: 2),
            wait: BuildingBlock.Wait())
    }

    /// V-Half (2405.15362, § 3.2): ZB-V's stages with half its activations, and, where m ≥ p, about half of 1F1B's bubble.
    ///
    /// A rank holds the activations of at most p + 1 (p odd) or p + 2 (p even) micro-batches of its half-size stages.
    ///
    /// For p = 3 and m = 4:
    ///
    ///     rank 0 0F00F1·········5F05I05W00F2···5F15I15W10I00W00F35F25I25W20I10W15F35I30I25W30W2···0I30W3
    ///     rank 1 ···1F0······4F01F1···4I04W04F11F21I04I14W14F21W01F31I14I24W24F31W11I24I31W24W31I31W3···
    ///     rank 2 ······2F03F0······2F13F13I03W02I02W02F23F23I13W12I12W12F33F33I22I23W22W23I32I33W32W3···
    public static func vHalf(ranks: Int, microBatches: Int) -> Schedule {
        // The cheapest delays with which no two passes of a rank fall on one unit.
        let wait =
            ranks.isMultiple(of: 2)
            ? BuildingBlock.Wait(forwardBack: 3, inputBack: 0, inputOut: 4) : BuildingBlock.Wait(inputOut: 1)
        return folded(
            "v-half", ranks: ranks, microBatches: microBatches,
            pace: BuildingBlock.Pace(forwardOut: 1, forwardBack: 2, inputBack: 1, inputOut: 2), wait: wait)
    }

    private static func folded(
        _ name: String, ranks: Int, microBatches: Int, pace: BuildingBlock.Pace, wait: BuildingBlock.Wait
    ) -> Schedule {
        precondition(ranks >= 1 && microBatches >= 1, "\(ranks) ranks, \(microBatches) micro-batches")
        let block = BuildingBlock(ranks: ranks, pace: pace, wait: wait)
        let order = Compaction.compact(
            block.repeated(microBatches: microBatches), stages: 2 * ranks, microBatches: microBatches)
        return folded(name, ranks: ranks, microBatches: microBatches, order)
    }

    private static func folded(
        _ name: String, ranks: Int, microBatches: Int, _ order: [[Instruction]]
    ) -> Schedule {
        let rankOfStage = Array(0..<ranks) + (0..<ranks).reversed()
        return Schedule(name: name, microBatches: microBatches, rankOfStage: rankOfStage, ranks: order)
    }
}
