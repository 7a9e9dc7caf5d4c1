import Layers
import Tensors
import Testing

/// A layer and the input it is tried with.
struct LayerCase: Sendable, CustomTestStringConvertible {
    let name: String
    let layer: any Layer
    let inputs: Signature

    init(_ name: String, _ layer: any Layer, _ shapes: Shape...) {
        self.name = name
        self.layer = layer
        inputs = shapes.map { TensorSpec($0, layer is Embedding ? .i32 : .f32) }
    }

    private init(_ name: String, _ layer: any Layer, inputs: Signature) {
        self.name = name
        self.layer = layer
        self.inputs = inputs
    }

    var testDescription: String { name }

    /// The same with activations of another type.
    func stored(as dtype: DType) -> LayerCase {
        if let layer = layer as? Embedding {
            let layer = Embedding(vocab: layer.vocab, width: layer.width, positions: layer.positions, dtype: dtype)
            return LayerCase(name, layer, inputs: inputs)
        }
        return LayerCase(name, layer, inputs: inputs.map { TensorSpec($0.shape, dtype) })
    }

    /// Those that PyTorch has spoken about, by the names of their fixtures.
    static let withFixture: [LayerCase] =
        [
            LayerCase("embedding", Embedding(vocab: 11, width: 24, positions: 9), [2, 7]),
            LayerCase("embedding-tokens-only", Embedding(vocab: 11, width: 5), [2, 7]),
            LayerCase("linear", Linear(inputs: 24, outputs: 17), [2, 7, 24]),
            LayerCase("linear-no-bias", Linear(inputs: 5, outputs: 33, bias: false), [3, 5]),
            LayerCase("layer-norm", LayerNorm(width: 24), [2, 7, 24]),
            LayerCase("layer-norm-no-bias", LayerNorm(width: 13, epsilon: 1e-3, bias: false), [5, 13]),
            LayerCase("rms-norm", RMSNorm(width: 24), [2, 7, 24]),
            LayerCase("rms-norm-large-epsilon", RMSNorm(width: 13, epsilon: 0.1), [5, 13]),
            LayerCase("attention-causal", Attention(width: 24, heads: 3), [2, 7, 24]),
            LayerCase("attention", Attention(width: 15, heads: 3, causal: false, bias: false), [2, 7, 15]),
            LayerCase("attention-causal-long", Attention(width: 10, heads: 2, bias: false), [1, 131, 10]),
            LayerCase("attention-long", Attention(width: 8, heads: 1, causal: false), [1, 70, 8]),
            LayerCase("transformer", Transformer(width: 24, heads: 3, hidden: 40), [2, 7, 24]),
            LayerCase(
                "transformer-no-bias",
                Transformer(width: 15, heads: 3, hidden: 22, activation: .geluErf, causal: false, bias: false),
                [2, 7, 15]),
            LayerCase(
                "transformer-rms-norm",
                Transformer(width: 12, heads: 2, activation: .silu, norm: .rmsNorm, epsilon: 1e-6), [2, 7, 12]),
            LayerCase(
                "transformer-relu",
                Transformer(width: 10, heads: 1, hidden: 7, activation: .relu, causal: false, epsilon: 1e-3),
                [1, 33, 10]),
            LayerCase("split-parts", Split(parts: 3), [2, 7, 6]),
            LayerCase("split-widths", Split(widths: [1, 4, 2]), [3, 7]),
            LayerCase("add", Add(), [2, 3, 5], [2, 3, 5], [2, 3, 5]),
            LayerCase("concatenate", Concatenate(), [2, 3, 4], [2, 3, 1], [2, 3, 3]),
            LayerCase("flatten", Flatten(), [2, 3, 5]),
            LayerCase("reshape", Reshape([5, 6]), [2, 3, 10]),
        ] + Activation.allCases.map { LayerCase($0.rawValue, ActivationLayer($0), [2, 7, 24]) }

    /// Layers with masks, which PyTorch draws otherwise.
    static let withDropout = [
        LayerCase("dropout", Dropout(probability: 0.3), [3, 5, 8]),
        LayerCase("dropout-of-single-numbers", Dropout(probability: 0.3), [9]),
        LayerCase("dropout-nothing", Dropout(probability: 0), [3, 5, 8]),
        LayerCase("transformer-dropout", Transformer(width: 12, heads: 2, hidden: 20, dropout: 0.25), [3, 5, 12]),
        LayerCase(
            "transformer-dropout-no-bias",
            Transformer(width: 12, heads: 3, hidden: 20, bias: false, norm: .rmsNorm, dropout: 0.5), [2, 5, 12]),
    ]

    static let all = withFixture + withDropout
}
