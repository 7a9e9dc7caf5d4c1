public import Tensors

/// y = x · weightᵀ + bias, as torch.nn.Linear.
///
/// x: [batch, …, inputs] → [batch, …, outputs]; weight: [outputs, inputs]; bias: [outputs]. First values are uniform
/// in ±1/√inputs.
public struct Linear: Layer {
    public let inputs: Int
    public let outputs: Int
    public let bias: Bool

    public init(inputs: Int, outputs: Int, bias: Bool = true) {
        self.inputs = inputs
        self.outputs = outputs
        self.bias = bias
    }

    public var kind: String { "linear" }

    public var parameters: [ParameterSpec] {
        let bound = Float(1 / Double(max(inputs, 1)).squareRoot())
        let initial = Distribution.uniform(-bound, bound)
        let weight = ParameterSpec("weight", unchecked: [outputs, inputs], initial, isMatrix: true)
        return [weight] + (bias ? [ParameterSpec("bias", unchecked: [outputs], initial)] : [])
    }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkParameters()
        let x = try input.activations(width: inputs)
        let y = try TensorSpec.checked(x.shape.extents.dropLast() + [outputs], x.dtype)
        var plan = LayerPlan(outputs: [y], cost: .linear(rows: x.shape.rows, inputs: inputs, outputs: outputs))
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        affine(frame.parameters).forward(frame.inputs[0], into: frame.outputs[0], on: backend)
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        affine(frame.parameters).backwardInput(frame.outputGradients[0], into: dx, on: backend)
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        affine(frame.gradients).backwardWeight(frame.outputGradients[0], x: frame.inputs[0], on: backend)
    }

    private func affine(_ tensors: [Tensor]) -> Affine { Affine(weight: tensors[0], bias: bias ? tensors[1] : nil) }
}
