import Tensors

extension [Adapter] {
    /// What a shard has of adapters: where its product's outputs are split, its rows of B; where the inputs are, its columns
    /// of A. The other matrix is whole, and what lies between both is summed over all shards.
    /// - Parameter part: the shard's part of a product, by the product's number.
    func sharded(_ part: (Int) -> ProductPart?) throws(LayerError) -> [Adapter] {
        var result: [Adapter] = []
        for adapter in self { result.append(try adapter.sharded(part(adapter.product))) }
        return result
    }

    /// What shards sum in the forward beside a product.
    func forwardSums(_ product: Int, _ x: TensorSpec) -> Signature { sums(product, .inputs, x) }

    /// What they sum in `backwardInput`.
    func backwardSums(_ product: Int, _ x: TensorSpec) -> Signature { sums(product, .outputs, x) }

    private func sums(_ product: Int, _ side: ProductPart.Side, _ x: TensorSpec) -> Signature {
        filter { $0.product == product && $0.part?.side == side }.map {
            TensorSpec(x.shape.replacingWidth($0.rank), x.dtype)
        }
    }
}

extension Adapter {
    fileprivate func sharded(_ part: ProductPart?) throws(LayerError) -> Adapter {
        guard let part else { return self }
        var adapter = self
        guard part.side == .outputs else {
            adapter.part = part
            return adapter
        }
        // The shard's outputs lie one behind the other; so do those of them that the adapter adds to.
        var (before, start): (Int, Int?) = (0, nil)
        var own: [Range<Int>] = []
        for range in part.ranges {
            let common = range.clamped(to: rows)
            if !common.isEmpty {
                start = start ?? before + common.lowerBound - range.lowerBound
                own.append(common.lowerBound - rows.lowerBound..<common.upperBound - rows.lowerBound)
            }
            before += range.count
        }
        guard let start else {
            throw LayerError(
                expected: "adapters with outputs on each device of `tensor: \(part.shard.count)`",
                got: "\(name) with outputs \(rows.lowerBound)–\(rows.upperBound - 1)")
        }
        adapter.part = ProductPart(.outputs, of: rows.count, own, part.shard)
        adapter.rows = start..<start + own.reduce(0) { $0 + $1.count }
        return adapter
    }
}
