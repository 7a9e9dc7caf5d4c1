import Tensors

extension AttentionShape {
    /// For x: [batch, sequence, width].
    init(_ x: Shape, heads: Int, causal: Bool) {
        self.init(batch: x[0], sequence: x[1], heads: heads, headWidth: x[2] / heads, causal: causal)
    }

    static func checked(_ x: TensorSpec, heads: Int, causal: Bool) throws(LayerError) -> AttentionShape {
        guard heads >= 1, x.shape.width.isMultiple(of: heads) else {
            throw LayerError(expected: "a number of heads that divides width \(x.shape.width)", got: "\(heads) heads")
        }
        return AttentionShape(x.shape, heads: heads, causal: causal)
    }

    func logSumExp() throws(LayerError) -> TensorSpec { try TensorSpec.checked([batch, heads, sequence]) }
}
