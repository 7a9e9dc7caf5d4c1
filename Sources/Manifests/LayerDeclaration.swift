public import Notation

/// One entry of a model manifest's `layers`, validated, with `repeat` blocks already written out.
public struct LayerDeclaration: Hashable, Sendable {
    public var kind: Kind
    /// Where it is written.
    public var mark: Mark

    public init(_ kind: Kind, at mark: Mark) {
        self.kind = kind
        self.mark = mark
    }

    public indirect enum Kind: Hashable, Sendable {
        /// `embedding: {vocab: 8192, width: 512, positions: 256}`
        case embedding(vocab: Int, width: Int, positions: Int?)
        /// `linear: {in: 512, out: 8192, bias: false}`
        case linear(inputs: Int, outputs: Int, bias: Bool)
        /// `layer-norm: {width: 512, epsilon: 1e-5, bias: true}`
        case layerNorm(width: Int, epsilon: Double, bias: Bool)
        /// `rms-norm: {width: 512, epsilon: 1e-6}`
        case rmsNorm(width: Int, epsilon: Double)
        /// `gelu` (exact), `gelu: tanh`, `gelu: erf`, `relu`, `silu`, `tanh`, `sigmoid`
        case activation(ActivationName)
        /// `dropout: 0.1`
        case dropout(probability: Double)
        /// `attention: {width: 512, heads: 8, causal: true, bias: true}`
        case attention(width: Int, heads: Int, causal: Bool, bias: Bool)
        /// `transformer: {width: 512, heads: 8, hidden: 2048, activation: gelu-tanh, causal: true, bias: true,
        /// norm: layer-norm, epsilon: 1e-5, dropout: 0}`
        case transformer(TransformerDeclaration)
        /// `residual: [ … ]`: the nested list's output plus its input
        case residual([LayerDeclaration])
        /// `split: 2` (equal parts) or `split: [64, 192]` (widths), along the innermost axis: a tensor → a tuple
        case split(Split)
        /// `add`: the sum of a tuple's tensors
        case add
        /// `concatenate`: along the innermost axis
        case concatenate
        /// `select: 0`: one tensor of a tuple
        case select(Int)
        /// `stash: NAME`: passes its input on and keeps a copy for the `pop` of the same name
        case stash(String)
        /// `pop: NAME`: appends what was stashed to its input, as a tuple
        case pop(String)
        /// `flatten`: everything behind the batch axis becomes one axis
        case flatten
        /// `reshape: [8, 64]`: the extents behind the batch axis
        case reshape([Int])
    }

    public enum Split: Hashable, Sendable {
        case parts(Int)
        case widths([Int])
    }

    public enum ActivationName: String, Hashable, Sendable, CaseIterable {
        case geluTanh = "gelu-tanh"
        case geluErf = "gelu-erf"
        case relu
        case silu
        case tanh
        case sigmoid
    }

    public enum NormName: String, Hashable, Sendable, CaseIterable {
        case layerNorm = "layer-norm"
        case rmsNorm = "rms-norm"
    }

    public struct TransformerDeclaration: Hashable, Sendable {
        public var width: Int
        public var heads: Int
        /// The MLP's inner width; 4 × width unless given.
        public var hidden: Int
        public var activation: ActivationName
        public var causal: Bool
        public var bias: Bool
        public var norm: NormName
        public var epsilon: Double
        public var dropout: Double

        public init(
            width: Int, heads: Int, hidden: Int? = nil, activation: ActivationName = .geluTanh, causal: Bool = true,
            bias: Bool = true, norm: NormName = .layerNorm, epsilon: Double = 1e-5, dropout: Double = 0
        ) {
            self.width = width
            self.heads = heads
            self.hidden = hidden ?? 4 * width
            self.activation = activation
            self.causal = causal
            self.bias = bias
            self.norm = norm
            self.epsilon = epsilon
            self.dropout = dropout
        }
    }
}
