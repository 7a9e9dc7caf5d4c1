import Notation
package import Systems

/// A value of the optimizer's configuration that cannot work.
public struct OptimizerError: Error, Hashable, Sendable {
    /// `adamw.betas`, as manifests spell it.
    public var setting: String
    /// Which values are allowed: `a number above 0`.
    public var expected: String
    /// The value that is not: `-1.0`.
    public var got: String

    /// The three texts make one sentence: `clip: expected a number above 0, got -1.0`.
    public init(setting: String, expected: String, got: String) {
        self.setting = setting
        self.expected = expected
        self.got = got
    }

    /// - Parameter kind: whose settings they are: `adamw`, `learning_rate`.
    init(_ kind: String, _ complaint: Complaint) {
        self.init(
            setting: "\(kind).\(complaint.setting)", expected: complaint.expected,
            got: complaint.value + complaint.detail)
    }
}

extension OptimizerError: CustomStringConvertible {
    public var description: String { "\(setting): expected \(expected), got \(got)" }
}

/// Settings are checked before a run: in one, a loss scale fell as low as it may.
extension OptimizerError: ExitCoded {
    package var exitCode: ExitCode { .diverged }
}
