/// A mapping while it is read. No key that it does not know gets past its initialiser.
struct Fields {
    let path: String
    let mark: Mark
    private let entries: [Node.Entry]
    private let keys: [String]

    /// `required` keys are named when one is missing; `path` is empty for the whole file.
    init(_ field: Field, keys: [String], required: [String] = []) throws(ManifestError) {
        guard case .mapping(let entries) = field.node.content else {
            let found = field.path.isEmpty ? field.node.summary : nil
            throw field.error(found, expected: "a mapping with the keys \(keys.listed)")
        }
        (self.path, self.mark, self.entries, self.keys) = (field.path, field.node.mark, entries, keys)
        for entry in entries where !keys.contains(entry.key) { throw unknown(entry) }
        for key in required where self[key] == nil {
            throw ManifestError(
                at: mark, found: "\(path.isEmpty ? "the manifest" : path) lacks the key \"\(key)\"",
                expected: required.count == 1 ? key : required.listed)
        }
    }

    subscript(key: String) -> Field? {
        entries.first { $0.key == key }.map { Field(node: $0.value, path: name(key)) }
    }

    /// A key that the initialiser required.
    func required(_ key: String) throws(ManifestError) -> Field {
        guard let field = self[key] else {
            throw ManifestError(at: mark, found: "\(path) lacks the key \"\(key)\"", expected: key)
        }
        return field
    }

    /// An error for each key beside `effective` ones, since it would change nothing. A key of the file that only an
    /// override at `cause` left without effect is passed over: whoever wrote the file meant it.
    func refuseInert(
        butFor effective: [String], because reason: String, cause: Mark? = nil
    ) throws(ManifestError) {
        for entry in entries where !effective.contains(entry.key) {
            if cause?.isOverride == true, !entry.keyMark.isOverride { continue }
            throw ManifestError(
                at: entry.keyMark, found: "\(name(entry.key)) has no effect \(reason)",
                expected: "\(effective.listed) only")
        }
    }

    private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func unknown(_ entry: Node.Entry) -> ManifestError {
        let unused = keys.filter { self[$0] == nil }
        let near = Suggestion.nearest(to: entry.key, in: unused) ?? Suggestion.nearest(to: entry.key, in: keys)
        let elsewhere = Schema.elsewhere(entry.key, besides: path)
        return ManifestError(
            at: entry.keyMark, found: "unknown key \"\(entry.key.printable)\"" + (path.isEmpty ? "" : " in \(path)"),
            expected: keys.listed(with: "or"), suggestion: elsewhere ?? near)
    }
}
