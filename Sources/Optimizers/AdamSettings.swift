/// What Adam and AdamW share: rate, decay rates of the two moments, ε and weight decay.
public struct AdamSettings: Hashable, Sendable {
    public let learningRate: Double
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let weightDecay: Double

    /// Throws when a rate, ε or the decay is negative, or a β lies outside 0 ..< 1.
    init(
        _ kind: String, learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double
    ) throws(OptimizerError) {
        try requireNonNegative(learningRate, "\(kind).lr")
        try requireNonNegative(epsilon, "\(kind).eps")
        try requireNonNegative(weightDecay, "\(kind).weight_decay")
        for beta in [beta1, beta2] where !(beta >= 0 && beta < 1) {
            throw OptimizerError(
                setting: "\(kind).betas", expected: "two numbers of at least 0 and below 1", got: "[\(beta1), \(beta2)]"
            )
        }
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}
