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
enum JinjaLimits {
    static let templateBytes = 1 << 20
    /// Expressions and blocks inside of each other while a template is read.
    static let nesting = 60
    /// The same while it is rendered, calls of macros included.
    static let depth = 200
    /// Expressions and statements that are evaluated.
    static let steps = 5_000_000
    /// Bytes of all texts, and items of all lists, that come into being.
    static let made = 256 << 20
}
