public import Notation
public import Tensors

/// cap · tanh(x / cap): about x near 0, and never beyond ±cap.
///
/// x: [batch, …] → the same. Behind a head it keeps logits in bounds (Gemma 2, arXiv 2408.00118).
public struct Softcap: Layer {
    /// The bound: 10⁻⁶ … 65504.
    public internal(set) var cap: Double

    public static let syntax = KindSyntax(
        "softcap", "cap · tanh(x / cap).", Softcap(30),
        [.required("cap", \.cap, .factor, "what the output never exceeds")])

    /// Checked when a model is built: 10⁻⁶ … 65504.
    public init(_ cap: Double) { self.cap = cap }

    public var parameters: [ParameterSpec] { [] }

    public var separatesDocuments: Bool { true }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.oneTensor()
        try x.requireFloatingPoint()
        var plan = LayerPlan(
            outputs: [x],
            cost: .elementwise(x.count, forward: 2, backwardInput: 1) + .activation(.tanh, count: x.count))
        plan.keepsInputs = true
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        backend.softcap(frame.inputs[0], cap: Float(cap), into: frame.outputs[0])
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        backend.softcapBackward(frame.outputGradients[0], x: frame.inputs[0], cap: Float(cap), into: dx)
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}
