public import Tensors

extension Linear {
    /// By its outputs or its inputs.
    public func takes(_ split: LayerSplit) -> Bool { split == .outputs || split == .inputs }

    /// Its outputs, or its inputs: then all shards' products are summed, to which the first one's has added the bias.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Linear {
        var layer = self
        switch split {
        case .outputs:
            let part = try ProductPart(.outputs, of: outputs, shard, "outputs")
            (layer.part, layer.outputs) = (part, part.count)
        case .inputs:
            let part = try ProductPart(.inputs, of: inputs, shard, "inputs")
            (layer.part, layer.inputs) = (part, part.count)
        default: return self
        }
        layer.adapters = try adapters.sharded { _ in layer.part }
        return layer
    }
}
