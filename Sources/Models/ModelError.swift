import Layers
public import Notation

/// A model that cannot be built, with the place in the manifest that says so.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the subject is written.
    public var mark: Mark
    /// `layer 3 (linear)`, `portal "skip"`, `loss`
    public var subject: String
    /// What the subject takes: `width 64`.
    public var expected: String
    /// What it was given: `[2 × 8 × 32]`.
    public var got: String

    /// The texts make one sentence: `MARK: SUBJECT: expected EXPECTED, got GOT`.
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
