package import Systems

/// What the machine refused: the operation, what was expected, and what was found.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried: `memory`, `pinning to cores`.
    public var operation: String
    /// What it needs: `4096 bytes`.
    public var expected: String
    /// What there is instead: `Cannot allocate memory`.
    public var got: String
    /// Whether the machine lacks something that it may have later, such as memory: trying again is sensible then.
    public var isLacking: Bool

    /// The three texts make one sentence: `memory: expected 4096 bytes, got Cannot allocate memory`.
    public init(_ operation: String, expected: String, got: String, isLacking: Bool = false) {
        self.isLacking = isLacking
        self.operation = operation
        self.expected = expected
        self.got = got
    }

    public var description: String { "\(operation): expected \(expected), got \(got)" }
}

extension TensorError: ExitCoded {
    package var exitCode: ExitCode { isLacking ? .interrupted : .badInput }
}
