public import Notation
public import Tensors

/// y = x · weightᵀ + bias, as torch.nn.Linear.
///
/// x: [batch, …, inputs] → [batch, …, outputs]; weight: [outputs, inputs]; bias: [outputs]. First values are uniform
/// in ±1/√inputs.
///
///     Linear(inputs: 64, outputs: 256, bias: false)      // linear: {in: 64, out: 256, bias: false}
public struct Linear: Layer {
    /// Channels of x; as manifests write it, `in`.
    public internal(set) var inputs: Int
    /// Channels of y; as manifests write it, `out`.
    public internal(set) var outputs: Int
    /// Whether a bias is added, and learnt.
    public internal(set) var bias: Bool
    public internal(set) var adapters: [Adapter] = []
    /// Which outputs or inputs a shard has; nil: all.
    var part: ProductPart?

    public static let syntax = KindSyntax(
        "linear", "x · Wᵀ + b.", Linear(inputs: 64, outputs: 64),
        [
            .required("in", \.inputs, .extent, "channels of x"),
            .required("out", \.outputs, .extent, "channels of the output"),
            .defaulted("bias", \.bias, .flag, "whether b is added"),
        ])

    /// Checked when a model is built: `inputs` and `outputs` are 1 … 2²⁴.
    public init(inputs: Int, outputs: Int, bias: Bool = true) {
        self.inputs = inputs
        self.outputs = outputs
        self.bias = bias
    }

    public var parameters: [ParameterSpec] {
        let all = part?.side == .inputs ? part?.whole ?? inputs : inputs
        let bound = Float(1 / Double(max(all, 1)).squareRoot())
        let initial = Distribution.uniform(-bound, bound)
        return Affine.parameters("", inputs: inputs, outputs: outputs, bias: bias, part: part).map { parameter in
            var parameter = parameter
            parameter.initial = initial
            return parameter
        } + adapters.parameters(of: products)
    }

    public var products: [Product] { [Product("", inputs: inputs, outputs: outputs)] }
    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained }

    public func adapting(_ adapters: [Adapter]) -> Linear {
        var layer = self
        layer.adapters = adapters
        return layer
    }

    public var separatesDocuments: Bool { true }
    /// What adapters keep has a shape of its own.
    public var takesFewerRows: Bool { adapters.isEmpty }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.activations(width: inputs)
        let y = try TensorSpec.checked(x.shape.extents.dropLast() + [outputs], x.dtype)
        var plan = LayerPlan(outputs: [y], cost: .linear(rows: x.shape.rows, inputs: inputs, outputs: outputs))
        plan.keepsInputs = true
        plan.readsInputsForWeightsAlone = true
        plan.keepsOutputGradients = true
        try plan.add(adapters, to: products, x)
        if part?.side == .inputs { plan.forwardSums = adapters.forwardSums(0, x) + [y] }
        if part?.side == .outputs {
            plan.backwardSums = adapters.backwardSums(0, x)
            plan.sumsInputGradient = true
        }
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (x, y) = (frame.inputs[0], frame.outputs[0])
        let isSummand = part?.side == .inputs
        affine(frame.parameters).summand(of: isSummand ? part?.shard : nil).forward(x, into: y, on: backend)
        AdapterPasses(adapters, frame, on: backend).forward(0, x, into: y)
        if isSummand { frame.sum(y) }
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let (dy, dx) = (frame.outputGradients[0], frame.inputGradients[0])
        if let dx { affine(frame.parameters).backwardInput(dy, into: dx, on: backend) }
        AdapterPasses(adapters, frame, on: backend).backwardInput(0, dy, into: dx)
        if let dx, part?.side == .outputs { frame.sum(dx) }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        affine(frame.gradients).backwardWeight(frame.outputGradients[0], x: frame.inputs[0], on: backend)
        AdapterPasses(adapters, frame, on: backend).backwardWeight(0, frame.outputGradients[0], x: frame.inputs[0])
    }

    private func affine(_ tensors: [Tensor]) -> Affine { Affine(weight: tensors[0], bias: bias ? tensors[1] : nil) }
}
