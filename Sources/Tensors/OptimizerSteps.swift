/// torch.optim.AdamW (decoupled) and Adam (decay added to the gradient), with bias correction for step t ≥ 1.
public struct AdamStep: Hashable, Sendable {
    public var learningRate: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    public var weightDecay: Double
    public var decoupled: Bool
    public var t: Int
    public var gradientScale: Float

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
    public var learningRate: Double
    public var momentum: Double
    public var dampening: Double
    public var nesterov: Bool
    public var weightDecay: Double
    public var first: Bool
    public var gradientScale: Float

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
