public import Notation
public import Tensors

/// torch.optim.SGD: gradient descent, optionally with (Nesterov) momentum.
///
///     g ← g + λ·p
///     b ← μ·b + (1 − dampening)·g          (first update: b ← g)
///     p ← p − lr · (nesterov ? g + μ·b : b)
public struct SGD: Optimizer {
    /// As manifests write it: `lr`. Above 0; 10⁻³ unless given.
    public internal(set) var learningRate = 1e-3
    /// μ: how much of the last step's move stays; 0: no buffer.
    public internal(set) var momentum = 0.0
    /// How much of the gradient is left out of the buffer; with momentum only.
    public internal(set) var dampening = 0.0
    /// Whether a weight moves by g + μ·b instead of b; needs momentum, and no dampening.
    public internal(set) var nesterov = false
    /// λ, at least 0: g ← g + λ·p.
    public internal(set) var weightDecay = 0.0

    public static let syntax = KindSyntax(
        "sgd", "Gradient descent, with or without momentum.", SGD(),
        [
            .defaulted("lr", \.learningRate, .positive, "the learning rate"),
            .defaulted("momentum", \.momentum, .nonNegative, "how much of the last step's move stays"),
            .defaulted(
                "dampening", \.dampening, .nonNegative, "how much of the gradient is left out; with momentum only",
                when: moves),
            .defaulted(
                "nesterov", \.nesterov, .flag, "looks ahead; with momentum and without dampening only", when: moves
            ) { sgd in
                guard sgd.nesterov, sgd.momentum == 0 || sgd.dampening != 0 else { return nil }
                return Complaint(
                    ", with momentum \(sgd.momentum) and dampening \(sgd.dampening)",
                    expected: "momentum above 0 and dampening 0 beside it")
            },
            .defaulted("weight_decay", \.weightDecay, .nonNegative, "times a weight, what its gradient gains"),
        ])

    private static let moves = Condition<SGD>(on: "momentum", otherwise: "without momentum") { $0.momentum != 0 }

    /// PyTorch's defaults.
    public init() {}

    /// PyTorch's defaults but for what is given. Throws when a value is out of its limits, or when `nesterov` lacks a
    /// momentum or meets dampening.
    public init(
        learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false,
        weightDecay: Double = 0
    ) throws(OptimizerError) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        try requireLimits()
    }

    /// Without momentum there is nothing to remember.
    public func decaying(by weightDecay: Double) -> SGD? {
        var rule = self
        rule.weightDecay = weightDecay
        return rule
    }

    public var state: OptimizerState { OptimizerState(momentum == 0 ? [] : ["momentum_buffer"]) }

    public func update(
        _ parameter: Tensor, gradient: Tensor, state: [Tensor], t: Int, learningRate: Double, gradientScale: Float,
        on backend: any Backend
    ) {
        precondition(t >= 1, "updates count from 1, not \(t)")
        let step = SGDStep(
            learningRate: learningRate, momentum: momentum, dampening: dampening, nesterov: nesterov,
            weightDecay: weightDecay, first: t == 1, gradientScale: gradientScale)
        backend.sgd(parameter, gradient: gradient, momentum: state.first, step)
    }
}
