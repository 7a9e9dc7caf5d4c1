/// torch.optim.AdamW (decoupled) and Adam (decay added to the gradient), with bias correction for step t ≥ 1.
public struct AdamStep: Hashable, Sendable {
    /// The rate of this step, after any schedule.
    public var learningRate: Double
    /// β₁: how much of the first moment stays.
    public var beta1: Double
    /// β₂: how much of the second moment stays.
    public var beta2: Double
    /// ε, added to √v after bias correction.
    public var epsilon: Double
    /// λ: times the rate the share of a weight that goes (decoupled), or times a weight what its gradient gains.
    public var weightDecay: Double
    /// True for AdamW, false for Adam.
    public var decoupled: Bool
    /// How many updates there were, this one included: from 1.
    public var t: Int
    /// What every gradient is multiplied by first: clipping's factor, divided by the loss scale.
    public var gradientScale: Float

    /// Unscaled gradients unless given. Limits are the optimizer's to check.
    public init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, decoupled: Bool,
        t: Int, gradientScale: Float = 1
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.decoupled = decoupled
        self.t = t
        self.gradientScale = gradientScale
    }
}

/// torch.optim.SGD; `first` marks the first update, when the momentum buffer takes the gradient as it is.
public struct SGDStep: Hashable, Sendable {
    /// The rate of this step, after any schedule.
    public var learningRate: Double
    /// μ: how much of the buffer stays; 0: no buffer.
    public var momentum: Double
    /// How much of the gradient is left out of the buffer: b ← μ·b + (1 − dampening)·g.
    public var dampening: Double
    /// Whether a weight moves by g + μ·b instead of b.
    public var nesterov: Bool
    /// λ: g ← g + λ·p
    public var weightDecay: Double
    /// Whether this is the parameter's first update: b ← g.
    public var first: Bool
    /// What every gradient is multiplied by first: clipping's factor, divided by the loss scale.
    public var gradientScale: Float

    /// Plain momentum and unscaled gradients unless given. Limits are the optimizer's to check.
    public init(
        learningRate: Double, momentum: Double, dampening: Double = 0, nesterov: Bool = false, weightDecay: Double,
        first: Bool, gradientScale: Float = 1
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.first = first
        self.gradientScale = gradientScale
    }
}
