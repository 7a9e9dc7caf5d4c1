import Notation

/// One `--set key.path=value`.
struct Override {
    var path: [String]
    var value: YAMLNode
    var mark: Mark

    init(_ text: String) throws(ManifestError) {
        mark = .override(text)
        guard let equals = text.firstIndex(of: "=") else {
            throw ManifestError(at: mark, found: "no =", expected: "key.path=value")
        }
        path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.allSatisfy({ !$0.isEmpty }), path.count <= Limit.depth else {
            throw ManifestError(at: mark, found: "the key \"\(text[..<equals])\"", expected: "key.path=value")
        }
        let value = String(text[text.index(after: equals)...])
        guard value.contains(where: { $0 != " " }) else {
            throw ManifestError(at: mark, found: "nothing behind the =", expected: "a value, or null for none")
        }
        self.value = try Self.value(value, at: mark)
    }

    private static func value(_ text: String, at mark: Mark) throws(ManifestError) -> YAMLNode {
        do {
            return try NodeComposer.compose(text, file: mark.file).marked(mark)
        } catch {
            throw ManifestError(
                at: mark, found: error.found, expected: error.expected, suggestion: error.suggestion)
        }
    }
}

extension YAMLNode {
    /// The same, all of it written at `mark`.
    fileprivate func marked(_ mark: Mark) -> YAMLNode {
        switch content {
        case .scalar: YAMLNode(content: content, mark: mark)
        case .list(let nodes): YAMLNode(content: .list(nodes.map { $0.marked(mark) }), mark: mark)
        case .mapping(let entries):
            YAMLNode(
                content: .mapping(
                    entries.map { Entry(key: $0.key, keyMark: mark, value: $0.value.marked(mark)) }), mark: mark)
        }
    }
}
