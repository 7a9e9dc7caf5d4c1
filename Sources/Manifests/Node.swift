/// A manifest as written: scalars, lists and mappings, each with its place.
struct Node: Hashable, Sendable {
    enum Content: Hashable, Sendable {
        /// The text, and whether it stood in quotes.
        case scalar(String, isQuoted: Bool)
        case list([Node])
        case mapping([Entry])
    }

    struct Entry: Hashable, Sendable {
        var key: String
        var keyMark: Mark
        var value: Node
    }

    var content: Content
    var mark: Mark

    /// `null`, `~` or nothing.
    var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = content else { return false }
        return ["", "null", "~"].contains(text)
    }

    /// The value of a key of a mapping.
    subscript(key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What stands there, in words.
    var summary: String {
        switch content {
        case .scalar where isNull: "empty"
        case .scalar(let text, isQuoted: true): "\"\(text.printable)\" in quotes"
        case .scalar(let text, isQuoted: false): text.printable
        case .list(let nodes): nodes.isEmpty ? "an empty list" : "a list"
        case .mapping(let entries):
            entries.isEmpty ? "an empty mapping" : "a mapping (\(entries.prefix(4).map(\.key.printable).listed))"
        }
    }

    /// The marks of everything below, by path; what `skipping` names is marked itself but not entered.
    func marks(at path: String = "", skipping: String) -> [String: Mark] {
        var marks = [path: mark]
        if path == skipping { return marks }
        func add(_ name: String, _ node: Node) {
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

extension String {
    /// Short, and without characters that would disturb a terminal.
    var printable: String {
        let shown = unicodeScalars.prefix(60).map {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
                ? $0.escaped(asASCII: true) : String($0)
        }
        return shown.joined() + (unicodeScalars.count > 60 ? "…" : "")
    }
}

extension Collection<String> {
    /// `a, b and c`
    var listed: String { listed(with: "and") }

    func listed(with word: String) -> String {
        count < 2 ? joined() : dropLast().joined(separator: ", ") + " \(word) " + Array(suffix(1))[0]
    }
}
