import Systems
import Yams

/// YAML text → nodes.
package enum NodeComposer {
    /// The single document of a manifest.
    package static func compose(_ text: String, file: String) throws(ManifestError) -> YAMLNode {
        let start = Mark(file: file, line: 1, column: 1)
        guard text.utf8.count <= Limit.fileBytes else {
            throw ManifestError(
                at: start, found: "\(text.utf8.count) bytes", expected: "a manifest of at most \(Limit.fileBytes) bytes"
            )
        }
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        try SourceCheck.check(text, file: file)
        do {
            // The parser must outlive its nodes: it holds what they refer to.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.singleRoot() else {
                throw ManifestError(at: start, found: "nothing but comments and blanks", expected: "a mapping")
            }
            return try node(root, file: file, depth: 0)
        } catch let error as ManifestError {
            throw error
        } catch let error as YamlError {
            throw manifestError(error, text: text, file: file)
        } catch {
            throw ManifestError(at: start, found: "\(error)", expected: "YAML")
        }
    }

    private static func node(_ node: Yams.Node, file: String, depth: Int) throws(ManifestError) -> YAMLNode {
        let mark = mark(node, file: file)
        guard node.anchor == nil else {
            throw ManifestError(at: mark, found: "an anchor", expected: "the value itself")
        }
        if node.scalar == nil, depth >= Limit.depth {
            let found = "more than \(Limit.depth) lists and mappings inside one another"
            throw ManifestError(at: mark, found: found, expected: "at most \(Limit.depth)")
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(content: .scalar(scalar.string, isQuoted: scalar.style != .plain), mark: mark)
        case .sequence(let sequence):
            var nodes: [YAMLNode] = []
            for element in sequence { nodes.append(try self.node(element, file: file, depth: depth + 1)) }
            return YAMLNode(content: .list(nodes), mark: mark)
        case .mapping(let mapping):
            var entries: [YAMLNode.Entry] = []
            for (key, value) in mapping { entries.append(try entry(key, value, file: file, depth: depth + 1)) }
            return YAMLNode(content: .mapping(entries), mark: mark)
        case .alias:
            throw ManifestError(at: mark, found: "an alias", expected: "the value itself")
        }
    }

    private static func entry(
        _ key: Yams.Node, _ value: Yams.Node, file: String, depth: Int
    ) throws(ManifestError) -> YAMLNode.Entry {
        let mark = mark(key, file: file)
        guard case .scalar(let name) = key else {
            throw ManifestError(at: mark, found: "a list or mapping as a key", expected: "a plain key")
        }
        guard name.string != "<<" else {
            throw ManifestError(at: mark, found: "a merge key (<<)", expected: "the keys themselves")
        }
        return YAMLNode.Entry(key: name.string, keyMark: mark, value: try node(value, file: file, depth: depth))
    }

    private static func mark(_ node: Yams.Node, file: String) -> Mark {
        Mark(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }

    /// What was most likely meant where libYAML stumbles.
    private static func hint(_ problem: String) -> String {
        switch problem {
        case let text where text.contains("',' or"): "a comma, or the closing bracket"
        case let text where text.contains("mapping values"): "one key: value per line"
        case let text where text.contains("cannot start any token"): "a value; in quotes, if it begins like this"
        default: "YAML"
        }
    }

    private static func manifestError(_ error: YamlError, text: String, file: String) -> ManifestError {
        func at(_ line: Int, _ column: Int, _ found: String, _ expected: String = "YAML") -> ManifestError {
            let mark = Mark(file: file, line: max(1, line), column: max(1, column))
            return ManifestError(at: mark, found: found, expected: expected)
        }
        switch error {
        case .duplicatedKeysInMapping(let keys, let context):
            let found = "the key \"\((keys.first ?? "").printable(limit: 60))\" stands here and again below"
            return at(context.mark.line, context.mark.column, found, "it once")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let context = context.map { " \($0.text) (line \($0.mark.line))" } ?? ""
            return at(mark.line, mark.column, "not YAML: \(problem)\(context)", hint(problem))
        case .composer(_, let problem, let mark, _):
            let isSecond = problem.contains("another document")
            return at(mark.line, mark.column, isSecond ? "a second document" : problem, "one document")
        case .reader(let problem, let offset, _, _):
            return at(text.prefix(offset ?? 0).count(where: \.isNewline) + 1, 1, "not YAML: \(problem)")
        default:
            return at(1, 1, "not YAML: \(error)")
        }
    }
}
