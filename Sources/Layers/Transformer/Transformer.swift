public import Notation
public import Tensors

/// A pre-norm transformer block (Xiong et al., arXiv 2002.04745).
///
///     x₂ = x + dropout(attention(norm1(x)))
///     y  = x₂ + dropout(down(activation(up(norm2(x₂)))))
///
/// x: [batch, sequence, width] → the same; `mlp.up.weight`: [hidden, width]; `mlp.down.weight`: [width, hidden].
/// Without `bias` neither the matrices nor the norms have one; rms-norm never has.
///
///     Transformer(width: 64, heads: 4, bias: false, norm: .rmsNorm)
public struct Transformer: Layer {
    /// Channels of x.
    public internal(set) var width: Int
    /// A divisor of `width`; each head takes width / heads channels.
    public internal(set) var heads: Int
    /// The MLP's inner width; 4 · width unless given.
    public internal(set) var hidden: Int
    /// Between the MLP's two products.
    public internal(set) var activation: Activation
    /// Whether a position sees itself and earlier ones only.
    public internal(set) var causal: Bool
    /// Whether matrices and layer-norms add a learnt bias.
    public internal(set) var bias: Bool
    /// What stands before each branch.
    public internal(set) var norm: Normalisation
    /// Of both norms: above 0, at most 1.
    public internal(set) var epsilon: Double
    /// The share of each branch's output that becomes zero while training: from 0 to below 1.
    public internal(set) var dropout: Double
    public internal(set) var adapters: [Adapter] = []
    /// Of several shards with heads of their own; nil: it has all.
    var shard: TensorShard?
    /// Which inner channels of the MLP a shard has; nil: all.
    var upPart: ProductPart?
    /// nil: width / heads.
    var givenHeadWidth: Int?
    /// Of a part: the only branch that it computes. nil: both, one behind the other.
    var branch: Branch?

    /// A norm, what it feeds, and the sum with x.
    enum Branch: String, Hashable, Sendable, CaseIterable { case attention, mlp }

    public static let syntax = KindSyntax(
        "transformer", "A pre-norm block: x + attention, then + MLP.", Transformer(width: 64, heads: 4),
        [
            .required("width", \.width, .extent, "channels of x"),
            .heads(\.heads, of: \.width) { $0.givenHeadWidth != nil },
            .derived(
                "hidden", \.hidden, .extent, from: "4 × width", { scaled($0.width, by: 4) }, "the MLP's inner width"),
            .defaulted("activation", \.activation, .choice(), "inside the MLP"),
            .defaulted("causal", \.causal, .flag, "whether later positions are hidden"),
            .defaulted("bias", \.bias, .flag, "whether matrices and layer-norms add one"),
            .defaulted("norm", \.norm, .choice(), "before each branch"),
            .derived(
                "epsilon", \.epsilon, .epsilon, from: "1e-5, rms-norm: 1e-6", { $0.norm.usualEpsilon },
                "of the norms"),
            .defaulted("dropout", \.dropout, .fraction, "at the end of each branch"),
        ])

    /// `hidden` is 4 · width and `epsilon` the norm's usual one unless given.
    public init(
        width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .geluTanh, causal: Bool = true,
        bias: Bool = true, norm: Normalisation = .layerNorm, epsilon: Double? = nil, dropout: Double = 0
    ) {
        self.width = width
        self.heads = heads
        self.hidden = hidden ?? scaled(width, by: 4)
        self.activation = activation
        self.causal = causal
        self.bias = bias
        self.norm = norm
        self.epsilon = epsilon ?? norm.usualEpsilon
        self.dropout = dropout
    }

    var normHasBias: Bool { bias && norm == .layerNorm }
    var headWidth: Int { givenHeadWidth ?? width / max(heads, 1) }
    /// Channels of q of all heads, and of k, and of v.
    var queryWidth: Int { shard == nil ? width : scaled(heads, by: headWidth) }

    func has(_ branch: Branch) -> Bool { self.branch == nil || self.branch == branch }

    public var parameters: [ParameterSpec] {
        (has(.attention) ? attentionParameters : []) + (has(.mlp) ? mlpParameters : [])
            + adapters.parameters(of: products)
    }

    private var attentionParameters: [ParameterSpec] {
        norm.parameters("norm1.", width: width, bias: normHasBias)
            + Affine.parameters(
                "attention.qkv.", inputs: width, outputs: scaled(queryWidth, by: 3), bias: bias, part: qkvPart)
            + Affine.parameters("attention.out.", inputs: queryWidth, outputs: width, bias: bias, part: outPart)
    }

    private var mlpParameters: [ParameterSpec] {
        norm.parameters("norm2.", width: width, bias: normHasBias)
            + Affine.parameters("mlp.up.", inputs: width, outputs: hidden, bias: bias, part: upPart)
            + Affine.parameters("mlp.down.", inputs: hidden, outputs: width, bias: bias, part: downPart)
    }

    public var separatesDocuments: Bool { true }

    /// Keeps 6 · width + hidden + heads + 4 numbers per token (x, qkv, the heads' output and their log Σ exp, x₂, the
    /// pre-activation, statistics), and 4 · width + hidden from one backward half to the other. The norms' outputs and
    /// the activation's (2 · width + hidden) are recomputed: elementwise work of less than 1 % of the block's.
    ///
    /// Of two parts the first hands x₂ on, so that it is kept as the second's input, and its gradient as an output gradient.
    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.sequences(width: width)
        let statistics = norm.statistics(rows: x.shape.rows)
        var plan = LayerPlan(outputs: [x], cost: cost(x))
        if has(.attention) {
            let shape = AttentionShape(x.shape, of: self)
            let qkv = try TensorSpec.checked([shape.batch, shape.sequence, 3 * queryWidth], x.dtype)
            let attended = try TensorSpec.checked([shape.batch, shape.sequence, queryWidth], x.dtype)
            plan.saved = [statistics, qkv, attended, try shape.logSumExp()]
            plan.releasedAfterInput = [1, 3]
            plan.deferred = [qkv]
            plan.attention = shape
        }
        if branch == nil {
            plan.saved.append(x)
            plan.deferred.append(x)
        }
        var scratch = dropout > 0 ? [x, x] : [x]
        if has(.mlp) {
            let up = try TensorSpec.checked([x.shape[0], x.shape[1], hidden], x.dtype)
            plan.saved += [statistics, up]
            plan.deferred.append(up)
            scratch.append(up)
        }
        plan.deferred.append(TensorSpec([(normHasBias ? 2 : 1) * (branch == nil ? 2 : 1), width]))
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        plan.scratchBytes = Scratch.byteCount(scratch)
        try plan.add(adapters, to: products, x)
        addSums(to: &plan, x)
        return plan
    }

    /// The k and v of every position so far: [batch, capacity, 2 · width].
    public func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature {
        let x = try input.sequences(width: width)
        guard has(.attention) else { return [] }
        guard causal else { throw LayerError(expected: "causal: true, to go on from earlier positions", got: "false") }
        guard capacity >= x.shape[1] else {
            throw LayerError(expected: "a cache of at least \(x.shape[1]) positions", got: "\(capacity)")
        }
        return [try TensorSpec.checked([x.shape[0], capacity, scaled(queryWidth, by: 2)], x.dtype)]
    }

    private func cost(_ x: TensorSpec) -> LayerCost {
        let rows = x.shape.rows
        var cost = LayerCost()
        if has(.attention) {
            cost =
                cost + .linear(rows: rows, inputs: width, outputs: 3 * queryWidth)
                + .linear(rows: rows, inputs: queryWidth, outputs: width)
                + .attention(AttentionShape(x.shape, of: self)) + ownCost(ofBranchFor: x)
        }
        if has(.mlp) {
            let activation = LayerCost.activation(activation, count: rows * hidden)
            cost =
                cost + .linear(rows: rows, inputs: width, outputs: hidden)
                + .linear(rows: rows, inputs: hidden, outputs: width) + activation
                + LayerCost(backwardWeight: activation.forward) + ownCost(ofBranchFor: x)
        }
        return cost
    }

    /// Of a branch's norm and mask. `backwardWeight` computes their forwards once more.
    private func ownCost(ofBranchFor x: TensorSpec) -> LayerCost {
        let norm = LayerCost.normalisation(count: x.count)
        let mask = dropout > 0 ? LayerCost.elementwise(x.count, forward: 2, backwardInput: 2) : LayerCost()
        return norm + mask + LayerCost(backwardWeight: norm.forward + mask.forward)
    }
}
