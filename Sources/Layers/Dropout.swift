public import Notation
public import Tensors

/// Zeroes each element with `probability` and scales the rest by 1/(1 − probability), as torch.nn.Dropout.
///
/// x: [batch, …] → the same. Which elements depends on seed, step, sample and layer alone. Passes its input through
/// when not training; with probability 0 its output is its input.
public struct Dropout: Layer {
    /// The share of elements that become zero: from 0 to below 1.
    public internal(set) var probability: Double
    /// Which channels a shard has; nil: all.
    var part: ProductPart?

    public static let syntax = KindSyntax(
        "dropout", "Zeroes that share of the elements and scales up the rest, while training.", .fraction,
        "the share", example: "dropout: 0.1", make: { Dropout(probability: $0) }, get: \.probability)

    /// Checked when a model is built: from 0 to below 1.
    public init(probability: Double) { self.probability = probability }

    public var parameters: [ParameterSpec] { [] }

    private var stream: DropoutStream { DropoutStream(probability: probability) }

    public var separatesDocuments: Bool { true }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.oneTensor()
        try x.requireFloatingPoint()
        let each: Double = probability == 0 ? 0 : 2
        var plan = LayerPlan(outputs: [x], cost: .elementwise(x.count, forward: each, backwardInput: each))
        if probability == 0 { plan.views = [0: 0] }
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        pass(frame.inputs[0], to: frame.outputs[0], frame, on: backend)
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        pass(frame.outputGradients[0], to: dx, frame, on: backend)
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}

    private func pass(_ x: Tensor, to y: Tensor, _ frame: LayerFrame, on backend: any Backend) {
        if probability == 0 { return }
        if stream.isActive(frame) {
            stream.apply(x, into: y, frame, columns: part, on: backend)
        } else {
            backend.copy(x, to: y)
        }
    }
}
