import Layers
public import Notation

/// A model that cannot be built, with the place in the manifest that says so.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    public var mark: Mark
    /// `layer 3 (linear)`, `portal "skip"`, `loss`
    public var subject: String
    public var expected: String
    public var got: String

    public init(_ subject: String, expected: String, got: String, at mark: Mark) {
        self.mark = mark
        self.subject = subject
        self.expected = expected
        self.got = got
    }

    init(_ subject: String, _ error: LayerError, at mark: Mark) {
        self.init(subject, expected: error.expected, got: error.got, at: mark)
    }

    public var description: String { "\(mark): \(subject): expected \(expected), got \(got)" }
}
