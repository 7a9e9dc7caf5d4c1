import Systems

/// A manifest as written: scalars, lists and mappings, each with its place.
package struct YAMLNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The text, and whether it stood in quotes.
        case scalar(String, isQuoted: Bool)
        case list([YAMLNode])
        case mapping([Entry])
    }

    package struct Entry: Hashable, Sendable {
        package var key: String
        package var keyMark: Mark
        package var value: YAMLNode

        package init(key: String, keyMark: Mark, value: YAMLNode) {
            self.key = key
            self.keyMark = keyMark
            self.value = value
        }
    }

    package var content: Content
    package var mark: Mark

    package init(content: Content, mark: Mark) {
        self.content = content
        self.mark = mark
    }

    /// `null`, `~` or nothing.
    package var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = content else { return false }
        return ["", "null", "~"].contains(text)
    }

    /// The value of a key of a mapping.
    package subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What stands there, in words.
    package var summary: String {
        switch content {
        case .scalar where isNull: "empty"
        case .scalar(let text, isQuoted: true): "\"\(text.printable(limit: 60))\" in quotes"
        case .scalar(let text, isQuoted: false): text.printable(limit: 60)
        case .list(let nodes): nodes.isEmpty ? "an empty list" : "a list"
        case .mapping(let entries):
            entries.isEmpty
                ? "an empty mapping" : "a mapping (\(entries.prefix(4).map { $0.key.printable(limit: 60) }.listed))"
        }
    }

    /// The marks of everything below, by path; what `skipping` names is marked itself but not entered.
    package func marks(at path: String = "", skipping: String) -> [String: Mark] {
        var marks = [path: mark]
        if path == skipping { return marks }
        func add(_ name: String, _ node: YAMLNode) {
            let path = path.isEmpty ? name : "\(path).\(name)"
            marks.merge(node.marks(at: path, skipping: skipping)) { first, _ in first }
        }
        switch content {
        case .scalar: break
        case .list(let nodes): for (index, node) in nodes.enumerated() { add("\(index)", node) }
        case .mapping(let entries): for entry in entries { add(entry.key, entry.value) }
        }
        return marks
    }
}

extension Collection<String> {
    /// `a, b and c`
    package var listed: String { listed(with: "and") }

    package func listed(with word: String) -> String {
        count < 2 ? joined() : dropLast().joined(separator: ", ") + " \(word) " + Array(suffix(1))[0]
    }
}
