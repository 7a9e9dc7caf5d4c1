import Layers
public import Manifests
import Tensors

extension LayerDeclaration.Kind {
    /// The manifest's name of this kind of layer.
    public var name: String {
        switch self {
        case .embedding: "embedding"
        case .linear: "linear"
        case .layerNorm: "layer-norm"
        case .rmsNorm: "rms-norm"
        case .activation(let activation): activation.rawValue
        case .dropout: "dropout"
        case .attention: "attention"
        case .transformer: "transformer"
        case .residual: "residual"
        case .split: "split"
        case .add: "add"
        case .concatenate: "concatenate"
        case .select: "select"
        case .stash: "stash"
        case .pop: "pop"
        case .flatten: "flatten"
        case .reshape: "reshape"
        }
    }

    /// The layer itself; nil for what only re-labels values or nests others.
    func makeLayer(_ dtype: DType) -> (any Layer)? {
        switch self {
        case .embedding(let vocab, let width, let positions):
            Embedding(vocab: vocab, width: width, positions: positions, dtype: dtype)
        case .linear(let inputs, let outputs, let bias): Linear(inputs: inputs, outputs: outputs, bias: bias)
        case .layerNorm(let width, let epsilon, let bias):
            LayerNorm(width: width, epsilon: epsilon, bias: bias)
        case .rmsNorm(let width, let epsilon): RMSNorm(width: width, epsilon: epsilon)
        case .activation(let name): ActivationLayer(name.activation)
        case .dropout(let probability): Dropout(probability: probability)
        case .attention(let width, let heads, let causal, let bias):
            Attention(width: width, heads: heads, causal: causal, bias: bias)
        case .transformer(let t):
            Transformer(
                width: t.width, heads: t.heads, hidden: t.hidden, activation: t.activation.activation,
                causal: t.causal, bias: t.bias, norm: t.norm == .layerNorm ? .layerNorm : .rmsNorm,
                epsilon: t.epsilon, dropout: t.dropout)
        case .split(.parts(let count)): Split(parts: count)
        case .split(.widths(let widths)): Split(widths: widths)
        case .add: Add()
        case .concatenate: Concatenate()
        case .flatten: Flatten()
        case .reshape(let extents): Reshape(extents)
        case .residual, .select, .stash, .pop: nil
        }
    }
}

extension LayerDeclaration.ActivationName {
    var activation: Activation {
        switch self {
        case .geluTanh: .geluTanh
        case .geluErf: .geluErf
        case .relu: .relu
        case .silu: .silu
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        }
    }
}

extension LossDeclaration {
    func makeLoss() -> any Loss {
        switch self {
        case .crossEntropy: CrossEntropy()
        case .meanSquaredError: MeanSquaredError()
        }
    }
}
