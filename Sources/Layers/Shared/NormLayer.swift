public import Tensors

/// A layer that normalises each row: what `LayerNorm` and `RMSNorm` share, which is all but their settings.
///
/// x: [batch, …, width] → the same; weight, bias: [width].
public protocol NormLayer: Layer {
    var norm: Normalisation { get }
    var width: Int { get }
    var epsilon: Double { get }
    var bias: Bool { get }
    var unitOffset: Bool { get }
}

extension NormLayer {
    public var separatesDocuments: Bool { true }

    public var parameters: [ParameterSpec] {
        norm.parameters("", width: width, bias: bias, unitOffset: unitOffset)
    }

    /// Keeps x and the statistics of its rows.
    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
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

    private func tensors(_ list: [Tensor]) -> Norm {
        Norm(weight: list[0], bias: bias ? list[1] : nil, unitOffset: unitOffset)
    }
}
