package import Systems

/// What is wrong with a manifest or an override: one sentence that says where, what, and what to write instead.
public struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it stands.
    public var mark: Mark
    /// What stands there.
    public var found: String
    /// What may stand there.
    public var expected: String
    /// The nearest thing that would be right, if there is one.
    public var suggestion: String?

    /// The texts make one sentence: `m.yaml:4:7: FOUND; expected EXPECTED; did you mean "SUGGESTION"?`
    public init(at mark: Mark, found: String, expected: String, suggestion: String? = nil) {
        self.mark = mark
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
    }

    public var description: String {
        let question = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
        // Keys and values of a file, and paths, are quoted as they are written.
        return "\(mark): \(found); expected \(expected)\(question)".printableLines()
    }
}

extension ManifestError: ExitCoded {
    package var exitCode: ExitCode { .badInput }
}
