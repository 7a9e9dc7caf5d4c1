public import Tensors

extension Attention {
    /// By its heads.
    public func takes(_ split: LayerSplit) -> Bool { split == .inside }

    /// Some heads, with the heads of k and v that they share: rows of q, k and v, and columns of the output projection.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Attention {
        guard split == .inside else { return self }
        try shard.requireEqualParts(of: heads, "heads")
        try shard.requireEqualParts(of: keyHeads, "key_heads")
        var layer = self
        layer.shard = shard
        layer.givenHeadWidth = headWidth
        layer.givenKeyHeads = keyHeads / shard.count
        layer.heads = heads / shard.count
        layer.adapters = try adapters.sharded { $0 == 0 ? layer.qkvPart : layer.outPart }
        return layer
    }

    /// Which rows of q, k and v the shard has.
    var qkvPart: ProductPart? {
        shard.map { .qkv($0, queries: queryWidth, keys: scaled(keyHeads, by: headWidth)) }
    }

    /// Which columns of the output projection.
    var outPart: ProductPart? { shard.map { .heads($0, queries: queryWidth) } }

    /// In the order of the passes: x's gradient is summed last.
    func addSums(to plan: inout LayerPlan, _ x: TensorSpec) {
        guard shard != nil else { return }
        plan.forwardSums = adapters.forwardSums(1, x) + [x]
        // A shard's heads give their part of the norms' gradients.
        plan.backwardSums =
            (headNorm == nil ? [] : [TensorSpec([2, headWidth])]) + adapters.backwardSums(0, x)
        plan.sumsInputGradient = true
    }
}

extension ProductPart {
    /// Of q over k over v: a shard's heads of each.
    /// - Parameters:
    ///   - queries: channels of the shard's q.
    ///   - keys: channels of its k, and of its v.
    static func qkv(_ shard: TensorShard, queries: Int, keys: Int) -> ProductPart {
        let (allQueries, allKeys) = (queries * shard.count, keys * shard.count)
        func range(_ start: Int, _ size: Int) -> Range<Int> {
            start + shard.index * size..<start + (shard.index + 1) * size
        }
        return ProductPart(
            .outputs, of: allQueries + 2 * allKeys,
            [range(0, queries), range(allQueries, keys), range(allQueries + allKeys, keys)], shard)
    }

    /// Of the heads' outputs.
    static func heads(_ shard: TensorShard, queries: Int) -> ProductPart {
        ProductPart(
            .inputs, of: queries * shard.count, [shard.index * queries..<(shard.index + 1) * queries], shard)
    }
}
