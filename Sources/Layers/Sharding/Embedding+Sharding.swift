public import Tensors

extension Embedding {
    /// By its tokens.
    public func takes(_ split: LayerSplit) -> Bool { split == .vocabulary }

    /// Some tokens' vectors; the other shards add those of the others. Learnt positions are whole.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Embedding {
        guard split == .vocabulary else { return self }
        var layer = self
        layer.part = try ProductPart(.outputs, of: vocab, shard, "tokens")
        return layer
    }
}
