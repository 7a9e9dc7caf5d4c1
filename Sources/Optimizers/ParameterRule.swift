/// How the parameters of a group move: by the optimizer with settings of their own.
public struct ParameterRule: Sendable {
    /// The run's optimizer, perhaps with another weight decay.
    public var optimizer: any Optimizer
    /// What the learning rate of each step is multiplied by.
    public var rateFactor: Double

    /// - Parameters:
    ///   - optimizer: of the run's kind: it keeps the same state.
    ///   - rateFactor: above 0.
    public init(_ optimizer: any Optimizer, rateFactor: Double) {
        self.optimizer = optimizer
        self.rateFactor = rateFactor
    }
}
