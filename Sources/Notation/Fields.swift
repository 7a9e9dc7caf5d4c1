import Systems

/// A mapping while it is read. No key that it does not know gets past its initialiser.
package struct Fields {
    package let path: String
    package let mark: Mark
    private let entries: [YAMLNode.Entry]
    private let keys: [String]
    private let sections: [Field.Section]

    /// `required` keys are named when one is missing; `path` is empty for the whole file.
    package init(_ field: Field, keys: [String], required: [String] = []) throws(ManifestError) {
        guard case .mapping(let entries) = field.node.content else {
            let found = field.path.isEmpty ? field.node.summary : nil
            throw field.error(found, expected: "a mapping with the keys \(keys.listed)")
        }
        (path, mark, sections) = (field.path, field.node.mark, field.sections)
        (self.entries, self.keys) = (entries, keys)
        for entry in entries where !keys.contains(entry.key) { throw unknown(entry) }
        for key in required where self[key] == nil {
            throw ManifestError(
                at: mark, found: "\(path.isEmpty ? "the manifest" : path) lacks the key \"\(key)\"",
                expected: required.count == 1 ? key : required.listed)
        }
    }

    package subscript(key: String) -> Field? {
        entries.first { $0.key == key }.map { Field(node: $0.value, path: name(key), sections: sections) }
    }

    /// A key that the initialiser required.
    package func required(_ key: String) throws(ManifestError) -> Field {
        guard let field = self[key] else {
            throw ManifestError(at: mark, found: "\(path) lacks the key \"\(key)\"", expected: key)
        }
        return field
    }

    /// An error for each key beside `effective` ones, since it would change nothing. A key of the file that only an
    /// override at `cause` left without effect is passed over: whoever wrote the file meant it.
    package func refuseInert(
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

    private func unknown(_ entry: YAMLNode.Entry) -> ManifestError {
        let unused = keys.filter { self[$0] == nil }
        let near = Suggestion.nearest(to: entry.key, in: unused) ?? Suggestion.nearest(to: entry.key, in: keys)
        return ManifestError(
            at: entry.keyMark,
            found: "unknown key \"\(entry.key.printable(limit: 60))\"" + (path.isEmpty ? "" : " in \(path)"),
            expected: keys.listed(with: "or"), suggestion: elsewhere(entry.key) ?? near)
    }

    /// Another section than this one where `key` is valid, as a path. Layers are no sections: what their keys are called
    /// says nothing about the rest.
    private func elsewhere(_ key: String) -> String? {
        guard sections.contains(where: { $0.path == path }) else { return nil }
        return sections.first { $0.keys.contains(key) }.map { $0.path.isEmpty ? key : "\($0.path).\(key)" }
    }
}
