extension ValueSyntax where Value: ManifestKind {
    /// Settings in braces, of a value that is itself a setting: `rotary: {base: 5e5}`.
    public static var settings: Self {
        let parts = Value.syntax.description.settings.map { "\($0.head): \($0.values)" }
        let names = Value.syntax.description.keys
        return Self(
            "{\(parts.joined(separator: ", "))}", expected: "the settings \(names.listed)",
            read: { field throws(ManifestError) in try Value.syntax.kind(field, field) },
            write: { Value.syntax.write($0) ?? "" })
    }
}

extension Complaint {
    /// What is wrong with a value that is itself a setting: the first of its own settings out of limits.
    public init?(inside value: (any ManifestKind)?) {
        guard let inner = value?.complaint else { return nil }
        self.init(
            ", and its \(inner.setting) is \(inner.value)\(inner.detail)", expected: inner.expected,
            suggestion: inner.suggestion)
    }
}
