/// A value of the optimizer's configuration that cannot work.
public struct OptimizerError: Error, Hashable, Sendable {
    /// `adamw.betas`, as manifests spell it.
    public var setting: String
    public var expected: String
    public var got: String

    public init(setting: String, expected: String, got: String) {
        self.setting = setting
        self.expected = expected
        self.got = got
    }
}

extension OptimizerError: CustomStringConvertible {
    public var description: String { "\(setting): expected \(expected), got \(got)" }
}

/// Throws unless `value` is finite and at least 0.
func requireNonNegative(_ value: Double, _ setting: String) throws(OptimizerError) {
    guard value.isFinite, value >= 0 else {
        throw OptimizerError(setting: setting, expected: "a number of at least 0", got: "\(value)")
    }
}
