public import Tensors

/// An elementwise function: gelu, relu, silu, tanh or sigmoid. x: [batch, …] → the same.
public struct ActivationLayer: Layer {
    public let activation: Activation

    public init(_ activation: Activation) { self.activation = activation }

    public var kind: String {
        switch activation {
        case .geluTanh, .geluErf: "gelu"
        case .relu, .silu, .tanh, .sigmoid: activation.rawValue
        }
    }

    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let x = try input.oneTensor()
        try x.requireFloatingPoint()
        var plan = LayerPlan(outputs: [x], cost: .activation(activation, count: x.count))
        plan.keepsInputs = true
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        backend.activation(activation, frame.inputs[0], into: frame.outputs[0])
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        backend.activationBackward(activation, x: frame.inputs[0], dy: frame.outputGradients[0], into: dx)
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
