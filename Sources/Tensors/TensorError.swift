package import Systems

/// What the machine refused: the operation, what was expected, and what was found.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var expected: String
    public var got: String
    /// Whether the machine lacks something that it may have later, such as memory: trying again is sensible then.
    public var isLacking: Bool

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
