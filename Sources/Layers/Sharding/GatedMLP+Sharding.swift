public import Tensors

extension GatedMLP {
    /// By its inner channels.
    public func takes(_ split: LayerSplit) -> Bool { split == .inside }

    /// Some of the channels between: rows of `gate` and `up`, columns of `down`.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> GatedMLP {
        guard split == .inside else { return self }
        let part = try ProductPart(.outputs, of: hidden, shard, "hidden channels")
        var layer = self
        (layer.part, layer.hidden) = (part, part.count)
        layer.adapters = try adapters.sharded { $0 == 2 ? layer.downPart : part }
        return layer
    }

    /// Which columns of `down` the shard has.
    var downPart: ProductPart? { part?.turned(.inputs) }

    /// In the order of the passes: x's gradient is summed last.
    func addSums(to plan: inout LayerPlan, _ x: TensorSpec) {
        guard part != nil else { return }
        plan.forwardSums = adapters.forwardSums(2, x) + [x]
        plan.backwardSums = adapters.backwardSums(0, x) + adapters.backwardSums(1, x)
        plan.sumsInputGradient = true
    }
}
