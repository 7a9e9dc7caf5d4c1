internal import Notation
internal import Systems

/// A model's `config.json`, or a mapping in it, while a family reads it: values by key, with defaults and limits. Keys
/// that nobody asks for are passed over, as the field's loaders do.
struct Configuration {
    let root: Field

    /// The bytes of a file of at most a mebibyte.
    static func read(_ path: String) throws(ManifestError) -> [UInt8] {
        do throws(SystemError) {
            let file = try RegularFile(path, staysOpen: false)
            guard file.byteCount <= Limit.fileBytes else {
                throw SystemError("read", path, .tooLarge(bytes: file.byteCount, limit: Limit.fileBytes))
            }
            return try file.head(file.byteCount)
        } catch {
            let mark = Mark(file: path, line: 0, column: 0)
            throw ManifestError(
                at: mark, found: "cannot be read: \(error.explanation)", expected: "a model's configuration")
        }
    }

    /// - Parameter text: of the file that errors call `path`.
    init(_ text: [UInt8], path: String) throws(ManifestError) {
        try self.init(Field(node: JSONComposer.compose(text, file: path), path: ""))
    }

    /// A mapping.
    init(_ field: Field) throws(ManifestError) {
        guard case .mapping = field.node.content else {
            let found = field.path.isEmpty ? field.node.summary : nil
            throw field.error(found, expected: "a mapping of settings")
        }
        root = field
    }

    /// Where errors say that something is missing.
    var mark: Mark { root.node.mark }

    /// A value that is there, and not null.
    subscript(key: String) -> Field? {
        guard let node = root.node[key], !node.isNull else { return nil }
        return Field(node: node, path: name(key))
    }

    /// Whether the key is there, null or not.
    func has(_ key: String) -> Bool { root.node[key] != nil }

    func mapping(_ key: String) throws(ManifestError) -> Configuration? {
        guard let field = self[key] else { return nil }
        return try Configuration(field)
    }

    /// - Parameter usual: what no such key means; nil: it must be there.
    func whole(_ key: String, _ range: ClosedRange<Int>, usual: Int? = nil) throws(ManifestError) -> Int {
        if let usual, !has(key) { return usual }
        return try required(key).int(range)
    }

    func number(
        _ key: String, usual: Double? = nil, _ words: String = "above 0", _ isValid: (Double) -> Bool = { $0 > 0 }
    ) throws(ManifestError) -> Double {
        if let usual, !has(key) { return usual }
        return try required(key).number(words, isValid)
    }

    func flag(_ key: String, usual: Bool) throws(ManifestError) -> Bool {
        guard has(key) else { return usual }
        return try required(key).bool()
    }

    /// One of the words that have a meaning.
    func choice<Meaning>(
        _ key: String, usual: String, _ meanings: KeyValuePairs<String, Meaning>
    ) throws(ManifestError) -> Meaning {
        let words = meanings.map(\.key)
        let word = has(key) ? try required(key).word(words) : usual
        guard let meaning = meanings.first(where: { $0.key == word }) else {
            throw missing(key, expected: words.listed(with: "or"))
        }
        return meaning.value
    }

    func required(_ key: String) throws(ManifestError) -> Field {
        if let field = self[key] { return field }
        guard let node = root.node[key] else { throw missing(key, expected: key) }
        throw ManifestError(at: node.mark, found: "\(name(key)) is null", expected: "a value")
    }

    private func missing(_ key: String, expected: String) -> ManifestError {
        let place = root.path.isEmpty ? "it" : root.path
        return ManifestError(at: mark, found: "\(place) lacks the key \"\(key)\"", expected: expected)
    }

    private func name(_ key: String) -> String { root.path.isEmpty ? key : "\(root.path).\(key)" }
}

extension Field {
    /// One of these words. No other is suggested: who changed it would have another model.
    func word(_ words: [String]) throws(ManifestError) -> String {
        guard case .scalar(let text, isQuoted: true) = node.content else {
            throw error(expected: words.listed(with: "or"))
        }
        guard words.contains(text) else {
            throw error("\(path) is \"\(text.printable(limit: 60))\"", expected: words.listed(with: "or"))
        }
        return text
    }
}
