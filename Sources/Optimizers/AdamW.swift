public import Notation
public import Tensors

/// torch.optim.AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
///
///     p ← p − lr·λ·p
///     m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
///     p ← p − lr · (m / (1 − β₁ᵗ)) / (√v / √(1 − β₂ᵗ) + ε)
///
///     let rule = try AdamW(learningRate: 3e-4, weightDecay: 0.1)      // adamw: {lr: 3e-4, weight_decay: 0.1}
public struct AdamW: AdamRule {
    /// The rule's numbers; PyTorch's unless given.
    public internal(set) var settings = AdamSettings(weightDecay: 0.01)

    public static let syntax = KindSyntax(
        "adamw", "Adam with decoupled weight decay.", AdamW(),
        Setting.adam(weightDecay: "times `lr`, the share of a weight that goes in each step"))

    /// PyTorch's defaults.
    public init() {}

    /// PyTorch's defaults but for what is given. Throws when a value is out of its limits.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0.01
    ) throws(OptimizerError) {
        settings = AdamSettings(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
        try requireLimits()
    }

    public var learningRate: Double { settings.learningRate }

    public func decaying(by weightDecay: Double) -> AdamW? {
        var rule = self
        rule.settings.weightDecay = weightDecay
        return rule
    }

    public var state: OptimizerState { .adam }

    public func update(
        _ parameter: Tensor, gradient: Tensor, state: [Tensor], t: Int, learningRate: Double, gradientScale: Float,
        on backend: any Backend
    ) {
        let step = settings.step(decoupled: true, t: t, learningRate: learningRate, gradientScale: gradientScale)
        backend.adamW(parameter, gradient: gradient, m: state[0], v: state[1], step)
    }
}

extension OptimizerState {
    /// The first and second moments.
    static let adam = OptimizerState(["exp_avg", "exp_avg_sq"])
}

extension AdamSettings {
    func step(decoupled: Bool, t: Int, learningRate: Double, gradientScale: Float) -> AdamStep {
        precondition(t >= 1, "updates count from 1, not \(t)")
        return AdamStep(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            decoupled: decoupled, t: t, gradientScale: gradientScale)
    }
}
