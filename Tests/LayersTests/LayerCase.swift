import Layers
import Models
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
        LayerCase(
            name, layer.making(dtype),
            inputs: inputs.map { $0.dtype.isFloatingPoint ? TensorSpec($0.shape, dtype) : $0 })
    }

    /// Those that PyTorch has spoken about: a fixture says itself how a manifest writes its layer.
    static let withFixture: [LayerCase] = Fixture.names.compactMap { name in
        guard let fixture = try? Fixture(name), let text = fixture.layer else { return nil }
        let model = try? Sequential.decode(yaml: "layers:\n  - \(text)\nloss: cross-entropy", file: name)
        return (model?.layers.first?.layer).map { LayerCase(name, $0, inputs: fixture.inputs) }
    }

    /// A residual's sum: √56 times its input. PyTorch has spoken about it too.
    static let scaledAdd = LayerCase("scaled-add", ScaledAdd(scale: 7.483314773547883), [2, 7, 23], [2, 7, 23])

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

    /// Layers with adapters beside all of their products, or some.
    static let withAdapters = [
        LayerCase(
            "linear-adapter",
            Linear(inputs: 12, outputs: 9).adapting([Adapter("", product: 0, rows: 0..<9, rank: 3, scale: 1.5)]),
            [2, 5, 12]),
        LayerCase(
            "gated-mlp-adapters",
            GatedMLP(width: 8, hidden: 20).adapting([
                Adapter("gate", product: 0, rows: 0..<20, rank: 2, scale: 2, dropout: 0.25),
                Adapter("up", product: 1, rows: 0..<20, rank: 2, scale: 2),
                Adapter("down", product: 2, rows: 0..<8, rank: 2, scale: 2, dropout: 0.25),
            ]), [2, 5, 8]),
        LayerCase(
            "attention-adapters",
            Attention(width: 16, heads: 4, keyHeads: 2, rotary: Rotary(), headNorm: HeadNorm()).adapting([
                Adapter("q", product: 0, rows: 0..<16, rank: 2, scale: 2, dropout: 0.25),
                Adapter("v", product: 0, rows: 24..<32, rank: 2, scale: 2),
                Adapter("out", product: 1, rows: 0..<16, rank: 3, scale: 0.5),
            ]), [2, 5, 16]),
        LayerCase(
            "transformer-adapters",
            Transformer(width: 12, heads: 2, hidden: 20, dropout: 0.25).adapting([
                Adapter("attention.qkv", product: 0, rows: 0..<36, rank: 2, scale: 2, dropout: 0.25),
                Adapter("attention.out", product: 1, rows: 0..<12, rank: 2, scale: 2),
                Adapter("mlp.up", product: 2, rows: 0..<20, rank: 2, scale: 2, dropout: 0.25),
                Adapter("mlp.down", product: 3, rows: 0..<12, rank: 2, scale: 2),
            ]), [2, 5, 12]),
    ]

    static let all = withFixture + [scaledAdd] + withDropout + withAdapters + shards
}
