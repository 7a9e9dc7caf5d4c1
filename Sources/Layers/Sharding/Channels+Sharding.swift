public import Tensors

// Layers that compute each channel by itself: between two products whose inner channels are split, or behind a split head.

extension ElementwiseLayer {
    /// By channels: each is computed by itself.
    public func takes(_ split: LayerSplit) -> Bool {
        if case .channels = split { true } else { false }
    }
}

extension Softcap {
    /// By channels: each is computed by itself.
    public func takes(_ split: LayerSplit) -> Bool {
        if case .channels = split { true } else { false }
    }
}

extension Dropout {
    /// By channels: each is computed by itself.
    public func takes(_ split: LayerSplit) -> Bool {
        if case .channels = split { true } else { false }
    }

    /// The masks of some channels, as the whole layer draws them.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Dropout {
        guard case .channels(let whole) = split else { return self }
        var layer = self
        layer.part = try ProductPart(.outputs, of: whole, shard, "channels")
        return layer
    }
}
