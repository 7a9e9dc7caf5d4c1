public import Tensors

extension Transformer {
    /// By its heads and the inner channels of its MLP.
    public func takes(_ split: LayerSplit) -> Bool { split == .inside }

    /// Some heads, and some inner channels of the MLP: rows of `qkv` and `up`, columns of `out` and `down`.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Transformer {
        guard split == .inside else { return self }
        try shard.requireEqualParts(of: heads, "heads")
        let inner = try ProductPart(.outputs, of: hidden, shard, "hidden channels")
        var layer = self
        layer.shard = shard
        layer.givenHeadWidth = headWidth
        layer.heads = heads / shard.count
        (layer.upPart, layer.hidden) = (inner, inner.count)
        layer.adapters = try adapters.sharded { product in
            let attention = layer.has(.attention) ? [layer.qkvPart, layer.outPart] : []
            return (attention + [layer.upPart, layer.downPart])[product]
        }
        return layer
    }

    /// Which rows of q, k and v the shard has.
    var qkvPart: ProductPart? { shard.map { .qkv($0, queries: queryWidth, keys: queryWidth) } }
    /// Which columns of the attention's output projection.
    var outPart: ProductPart? { shard.map { .heads($0, queries: queryWidth) } }
    /// Which columns of the MLP's second product.
    var downPart: ProductPart? { upPart?.turned(.inputs) }

    /// In the order of the passes. The gradients that enter the two norms are summed, so that x's own is whole.
    func addSums(to plan: inout LayerPlan, _ x: TensorSpec) {
        guard shard != nil else { return }
        if has(.mlp) { plan.backwardSums += adapters.backwardSums(upProduct, x) + [x] }
        if has(.attention) {
            plan.forwardSums += adapters.forwardSums(outProduct, x) + [x]
            plan.backwardSums += adapters.backwardSums(qkvProduct, x) + [x]
        }
        if has(.mlp) { plan.forwardSums += adapters.forwardSums(downProduct, x) + [x] }
    }
}
