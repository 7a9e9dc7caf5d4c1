public import Tensors

/// A layer that applies one function to each element: what the activations share, which is all but their names.
///
/// x: [batch, …] → the same.
public protocol ElementwiseLayer: Layer {
    var activation: Activation { get }
}

extension ElementwiseLayer {
    public var kind: String { activation.rawValue }
    public var separatesDocuments: Bool { true }
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
