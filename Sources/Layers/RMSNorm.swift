public import Tensors

/// Each row over the root of its mean square, times `weight`, as torch.nn.RMSNorm.
///
/// x: [batch, …, width] → the same; weight: [width].
public struct RMSNorm: Layer {
    public let width: Int
    public let epsilon: Double

    public init(width: Int, epsilon: Double = 1e-6) {
        self.width = width
        self.epsilon = epsilon
    }

    public var kind: String { norm.rawValue }

    private var norm: Normalisation { .rmsNorm }

    public var parameters: [ParameterSpec] {
        norm.parameters("", width: width, bias: false)
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

    private func tensors(_ list: [Tensor]) -> Norm { Norm(weight: list[0], bias: nil) }
}
