public import Tensors

/// Each row less its mean, over its deviation, times `weight`, plus `bias`, as torch.nn.LayerNorm.
///
/// x: [batch, …, width] → the same; weight, bias: [width].
public struct LayerNorm: Layer {
    public let width: Int
    public let epsilon: Double
    public let bias: Bool
    public init(width: Int, epsilon: Double = 1e-5, bias: Bool = true) {
        self.width = width
        self.epsilon = epsilon
        self.bias = bias
    }

    public var kind: String { norm.rawValue }

    private var norm: Normalisation { .layerNorm }

    public var parameters: [ParameterSpec] {
        norm.parameters("", width: width, bias: bias)
    }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkParameters()
        try Normalisation.check(epsilon: epsilon)
        let x = try input.activations(width: width)
        var plan = LayerPlan(outputs: [x], cost: .normalisation(count: x.count))
        plan.saved = [norm.statistics(rows: x.shape.rows)]
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        norm.forward(
            frame.inputs[0], tensors(frame.parameters), epsilon: Float(epsilon), into: frame.outputs[0],
            statistics: frame.saved[0], on: backend)
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        norm.backwardInput(
            frame.outputGradients[0], x: frame.inputs[0], tensors(frame.parameters), statistics: frame.saved[0],
            into: dx, accumulate: false, on: backend)
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        norm.backwardWeight(
            frame.outputGradients[0], x: frame.inputs[0], statistics: frame.saved[0], into: tensors(frame.gradients),
            on: backend)
    }

    private func tensors(_ list: [Tensor]) -> Norm { Norm(weight: list[0], bias: bias ? list[1] : nil) }
}
