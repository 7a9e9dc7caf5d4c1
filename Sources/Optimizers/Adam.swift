public import Notation
public import Tensors

/// torch.optim.Adam (Kingma and Ba, 2015): as `AdamW`, but weight decay is added to the gradient (g ← g + λ·p).
public struct Adam: AdamRule {
    /// The rule's numbers; PyTorch's unless given.
    public internal(set) var settings = AdamSettings(weightDecay: 0)

    public static let syntax = KindSyntax(
        "adam", "Adam; weight decay is added to the gradient.", Adam(),
        Setting.adam(weightDecay: "times a weight, what its gradient gains"))

    /// PyTorch's defaults.
    public init() {}

    /// PyTorch's defaults but for what is given. Throws when a value is out of its limits.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0
    ) throws(OptimizerError) {
        settings = AdamSettings(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
        try requireLimits()
    }

    public var learningRate: Double { settings.learningRate }

    public func decaying(by weightDecay: Double) -> Adam? {
        var rule = self
        rule.settings.weightDecay = weightDecay
        return rule
    }

    public var state: OptimizerState { .adam }

    public func update(
        _ parameter: Tensor, gradient: Tensor, state: [Tensor], t: Int, learningRate: Double, gradientScale: Float,
        on backend: any Backend
    ) {
        let step = settings.step(decoupled: false, t: t, learningRate: learningRate, gradientScale: gradientScale)
        backend.adamW(parameter, gradient: gradient, m: state[0], v: state[1], step)
    }
}
