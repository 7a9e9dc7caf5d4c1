internal import Systems

/// What keeps a template from being read or rendered.
struct JinjaProblem: Error, Hashable {
    enum Kind: Hashable {
        /// The text is no template.
        case syntax(expected: String, got: String)
        /// A construct that is not built in.
        case unsupported(String)
        /// An operation that its values do not allow.
        case value(expected: String, got: String)
        /// The template itself refuses the messages.
        case raised(String)
        /// More work than templates need.
        case limit(String)
    }

    var line: Int
    var kind: Kind
}

/// What templates may use: more than any known one does.
package struct JinjaLimits: Hashable, Sendable {
    static let templateBytes = 1 << 20
    /// Expressions and blocks inside of each other while a template is read.
    static let nesting = 60
    /// The same while it is rendered, calls of macros included.
    static let depth = 200
    /// Expressions and statements that are evaluated.
    package var steps: Int
    /// Bytes of all texts, and of all lists, that come into being.
    package var made: Int

    package init(steps: Int = 5_000_000, made: Int = 256 << 20) {
        self.steps = steps
        self.made = made
    }
}

extension JinjaProblem {
    func error(in path: String, _ limits: JinjaLimits) -> TokenizerError {
        let place = "chat template, line \(line)"
        switch kind {
        case .syntax(let expected, let got), .value(let expected, let got):
            return .malformed(path: path, place: place, expected: expected, got: got.printable(limit: 200))
        case .unsupported(let what):
            let names = ChatTemplate.named.keys.sorted().joined(separator: ", ")
            return .unsupported(
                path: path, what: "\(place): \(what)",
                supported: "what chat templates use; give another template, a file or one of \(names)")
        case .raised(let message):
            return .malformed(
                path: path, place: place, expected: "messages that the template takes",
                got: "its refusal: \(message.printable(limit: 300))")
        case .limit(let what):
            let allowed = "\(limits.steps) steps, \(limits.made) bytes of text and \(JinjaLimits.depth) levels"
            return .malformed(path: path, place: place, expected: "a template within \(allowed)", got: what)
        }
    }
}
