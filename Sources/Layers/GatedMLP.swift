public import Notation
public import Tensors

/// A gated MLP: SwiGLU with silu, GEGLU with gelu, ReGLU with relu (Shazeer, arXiv 2002.05202).
///
///     y = down(activation(gate(x)) · up(x))
///
/// x: [batch, …, width] → the same; `gate.weight`, `up.weight`: [hidden, width]; `down.weight`: [width, hidden].
public struct GatedMLP: Layer {
    /// Channels of x and y.
    public internal(set) var width: Int
    /// Channels between `gate` and `down`; 8/3 · width gives as many weights as a plain MLP of 4 · width has.
    public internal(set) var hidden: Int
    /// The gate's: silu makes it SwiGLU, gelu GEGLU, relu ReGLU.
    public internal(set) var activation: Activation
    /// Whether the three products each add a learnt bias.
    public internal(set) var bias: Bool
    public internal(set) var adapters: [Adapter] = []
    /// Which of the channels between a shard has; nil: all.
    var part: ProductPart?

    public static let syntax = KindSyntax(
        "gated-mlp", "down(activation(gate(x)) · up(x)): SwiGLU, GEGLU, ReGLU.", GatedMLP(width: 64, hidden: 172),
        [
            .required("width", \.width, .extent, "channels of x"),
            .required("hidden", \.hidden, .extent, "channels between"),
            .defaulted("activation", \.activation, .choice(), "of the gate"),
            .defaulted("bias", \.bias, .flag, "whether the three products add one"),
        ])

    /// SwiGLU without biases unless given; sizes are checked when a model is built.
    public init(width: Int, hidden: Int, activation: Activation = .silu, bias: Bool = false) {
        self.width = width
        self.hidden = hidden
        self.activation = activation
        self.bias = bias
    }

    public var parameters: [ParameterSpec] {
        Affine.parameters("gate.", inputs: width, outputs: hidden, bias: bias, part: part)
            + Affine.parameters("up.", inputs: width, outputs: hidden, bias: bias, part: part)
            + Affine.parameters("down.", inputs: hidden, outputs: width, bias: bias, part: downPart)
            + adapters.parameters(of: products)
    }

    public var products: [Product] {
        [
            Product("gate", inputs: width, outputs: hidden), Product("up", inputs: width, outputs: hidden),
            Product("down", inputs: hidden, outputs: width),
        ]
    }

    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained }

    public func adapting(_ adapters: [Adapter]) -> GatedMLP {
        var layer = self
        layer.adapters = adapters
        return layer
    }

    public var separatesDocuments: Bool { true }

    /// Keeps x, gate(x) and up(x): width + 2 · hidden numbers per row; from one backward half to the other the gradients
    /// of the two, 2 · hidden. Their product is recomputed for the weight of `down`.
    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.activations(width: width)
        let inner = try TensorSpec.checked(x.shape.extents.dropLast() + [hidden], x.dtype)
        let rows = x.shape.rows
        let product =
            LayerCost.activation(activation, count: inner.count)
            + .elementwise(inner.count, forward: 1, backwardInput: 2)
        var plan = LayerPlan(
            outputs: [x],
            cost: .linear(rows: rows, inputs: width, outputs: 2 * hidden)
                + .linear(rows: rows, inputs: hidden, outputs: width) + product
                + LayerCost(backwardWeight: product.forward))
        plan.saved = [inner, inner]
        plan.deferred = [inner, inner]
        plan.keepsInputs = true
        plan.readsInputsForWeightsAlone = true
        plan.keepsOutputGradients = true
        plan.scratchBytes = Scratch.byteCount([inner])
        try plan.add(adapters, to: products, x)
        addSums(to: &plan, x)
        return plan
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (gate, up) = (frame.saved[0], frame.saved[1])
        let map = Maps(frame.parameters, bias: bias)
        var scratch = Scratch(frame.scratch)
        let product = scratch.take(gate.spec)
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)
        map.gate.forward(frame.inputs[0], into: gate, on: backend)
        adapted.forward(0, frame.inputs[0], into: gate)
        map.up.forward(frame.inputs[0], into: up, on: backend)
        adapted.forward(1, frame.inputs[0], into: up)
        backend.gate(activation, gate, up, into: product)
        map.down.summand(of: part?.shard).forward(product, into: frame.outputs[0], on: backend)
        adapted.forward(2, product, into: frame.outputs[0])
        if part != nil { frame.sum(frame.outputs[0]) }
    }

    /// The same way back, leaving dgate and dup.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let (dgate, dup) = (frame.deferred[0], frame.deferred[1])
        let map = Maps(frame.parameters, bias: bias)
        var scratch = Scratch(frame.scratch)
        let dproduct = scratch.take(dgate.spec)
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)
        map.down.backwardInput(frame.outputGradients[0], into: dproduct, on: backend)
        adapted.backwardInput(2, frame.outputGradients[0], into: dproduct)
        backend.gateBackward(
            activation, gate: frame.saved[0], up: frame.saved[1], dy: dproduct, dgate: dgate, dup: dup)
        let dx = frame.inputGradients[0]
        if let dx {
            map.gate.backwardInput(dgate, into: dx, on: backend)
            map.up.backwardInput(dup, into: dx, accumulate: true, on: backend)
        }
        adapted.backwardInput(0, dgate, into: dx)
        adapted.backwardInput(1, dup, into: dx)
        if part != nil, let dx { frame.sum(dx) }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let dmap = Maps(frame.gradients, bias: bias)
        var scratch = Scratch(frame.scratch)
        let product = scratch.take(frame.saved[0].spec)
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)
        dmap.gate.backwardWeight(frame.deferred[0], x: frame.inputs[0], on: backend)
        adapted.backwardWeight(0, frame.deferred[0], x: frame.inputs[0])
        dmap.up.backwardWeight(frame.deferred[1], x: frame.inputs[0], on: backend)
        adapted.backwardWeight(1, frame.deferred[1], x: frame.inputs[0])
        guard dmap.down.isTrained || adapted.has(2) else { return }
        backend.gate(activation, frame.saved[0], frame.saved[1], into: product)
        dmap.down.backwardWeight(frame.outputGradients[0], x: product, on: backend)
        adapted.backwardWeight(2, frame.outputGradients[0], x: product)
    }

    /// The three products' parameters, or their gradients.
    private struct Maps {
        let gate: Affine
        let up: Affine
        let down: Affine

        init(_ tensors: [Tensor], bias: Bool) {
            var next = tensors.makeIterator()
            gate = Affine(&next, bias: bias)
            up = Affine(&next, bias: bias)
            down = Affine(&next, bias: bias)
        }
    }
}
