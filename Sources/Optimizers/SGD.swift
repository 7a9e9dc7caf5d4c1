public import Tensors

/// torch.optim.SGD: gradient descent, optionally with (Nesterov) momentum.
///
///     g ← g + λ·p
///     b ← μ·b + (1 − dampening)·g          (first update: b ← g)
///     p ← p − lr · (nesterov ? g + μ·b : b)
public struct SGD: Optimizer, Hashable {
    public let learningRate: Double
    public let momentum: Double
    public let dampening: Double
    public let nesterov: Bool
    public let weightDecay: Double

    /// PyTorch's defaults. Throws when a value is out of its range, or when `nesterov` lacks a momentum or meets
    /// dampening.
    public init(
        learningRate: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false,
        weightDecay: Double = 0
    ) throws(OptimizerError) {
        try requireNonNegative(learningRate, "sgd.lr")
        try requireNonNegative(momentum, "sgd.momentum")
        try requireNonNegative(weightDecay, "sgd.weight_decay")
        guard dampening.isFinite else {
            throw OptimizerError(setting: "sgd.dampening", expected: "a finite number", got: "\(dampening)")
        }
        if nesterov && (momentum == 0 || dampening != 0) {
            throw OptimizerError(
                setting: "sgd.nesterov", expected: "a momentum above 0 and no dampening with it",
                got: "momentum \(momentum), dampening \(dampening)")
        }
        self.learningRate = learningRate
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.weightDecay = weightDecay
    }

    public var kind: String { "sgd" }
    /// Without momentum there is nothing to remember.
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
