import Notation
import Tensors

extension AttentionShape {
    /// For x: [batch, sequence, width].
    init(_ x: Shape, of layer: Transformer, capacity: Int = 0) {
        self.init(
            batch: x[0], sequence: x[1], heads: layer.heads, headWidth: layer.headWidth, causal: layer.causal,
            capacity: capacity)
    }

    /// For x: [batch, sequence, width].
    init(_ x: Shape, of layer: Attention, hasPrefix: Bool, capacity: Int = 0) {
        self.init(
            batch: x[0], sequence: x[1], heads: layer.heads, keyHeads: layer.keyHeads, headWidth: layer.headWidth,
            causal: layer.causal, window: layer.window, scale: layer.scale.map { Float($0) }, hasPrefix: hasPrefix,
            capacity: capacity)
    }

    func logSumExp() throws(LayerError) -> TensorSpec { try TensorSpec.checked([batch, heads, sequence]) }
}

extension Setting {
    /// `heads`, which must divide the width unless `isFree`.
    static func heads(
        _ heads: any WritableKeyPath<Owner, Int> & Sendable, of width: any WritableKeyPath<Owner, Int> & Sendable,
        unless isFree: @escaping @Sendable (Owner) -> Bool = { _ in false }
    ) -> Setting {
        .required("heads", heads, .extent, "a divisor of the width") { owner in
            let (heads, width) = (owner[keyPath: heads], owner[keyPath: width])
            guard !isFree(owner), !width.isMultiple(of: heads) else { return nil }
            let near = (1...max(1, width)).lazy.filter(width.isMultiple(of:)).prefix { $0 <= heads }.max() ?? 1
            return Complaint(
                ", and the width \(width) is no multiple of it", expected: "a divisor of the width",
                suggestion: "\(near)")
        }
    }
}
