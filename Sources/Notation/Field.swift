/// A value of a manifest while it is read: where it stands, and what it is called in messages.
///
///     let heads = try field.int(1...64)     // or throws `m.yaml:4:31: attention.heads is 0; expected …`
public struct Field: Sendable {
    package let node: YAMLNode
    /// `linear.in`, `optimizer.adamw.betas.0`
    public let path: String
    /// Where else keys are valid, for those that stand in the wrong place. Inherited by everything below.
    package let sections: [Section]

    /// A mapping of a manifest, by path, and the keys that it may have.
    package struct Section: Sendable {
        package var path: String
        package var keys: [String]

        package init(path: String, keys: [String]) {
            self.path = path
            self.keys = keys
        }
    }

    package init(node: YAMLNode, path: String, sections: [Section] = []) {
        self.node = node
        self.path = path
        self.sections = sections
    }

    /// What a user reads of this value: it is not what it should be.
    public func error(_ found: String? = nil, expected: String, suggestion: String? = nil) -> ManifestError {
        ManifestError(
            at: node.mark, found: found ?? "\(path) is \(node.summary)", expected: expected, suggestion: suggestion)
    }

    /// An unquoted text that is not empty.
    public var plain: String? {
        guard case .scalar(let text, isQuoted: false) = node.content, !node.isNull else { return nil }
        return text
    }

    /// Whether a list stands here, an empty one too.
    public var isList: Bool {
        guard case .list = node.content else { return false }
        return true
    }

    /// A whole number in decimal digits.
    public func int(_ range: ClosedRange<Int>) throws(ManifestError) -> Int {
        let isNumber = plain.map(Self.isWhole) == true
        guard isNumber, let plain, let value = Int(plain), range.contains(value) else {
            // A bound that nobody means to reach is worth naming only to who went beyond it.
            let isBeyond = isNumber && plain?.hasPrefix("-") == false && plain != "0"
            let words = range.count < 1000 || isBeyond ? "from \(range.lowerBound) to \(range.upperBound)" : nil
            throw error(expected: "a whole number \(words ?? "of at least \(range.lowerBound)")\(unquoted)")
        }
        return value
    }

    package func unsigned() throws(ManifestError) -> UInt64 {
        guard let plain, Self.isWhole(plain), let value = UInt64(plain) else {
            throw error(expected: "a whole number from 0 to \(UInt64.max)" + unquoted)
        }
        return value
    }

    /// A finite number that `isValid` accepts; `words` says which those are.
    public func number(_ words: String, _ isValid: (Double) -> Bool) throws(ManifestError) -> Double {
        guard let plain, Self.isNumber(plain), let value = Double(plain), value.isFinite, isValid(value) else {
            throw error(expected: "a number \(words)" + unquoted)
        }
        return value
    }

    /// `true` or `false`, and no other spelling of them.
    public func bool() throws(ManifestError) -> Bool {
        switch plain {
        case "true": return true
        case "false": return false
        default:
            let meant = ["yes": "true", "on": "true", "no": "false", "off": "false"]
            let word = plain?.lowercased() ?? ""
            let suggestion = meant[word] ?? (["true", "false"].contains(word) ? word : nil)
            throw error(expected: "true or false" + unquoted, suggestion: suggestion)
        }
    }

    /// A text that is not empty, in quotes or not.
    public func text(_ what: String) throws(ManifestError) -> String {
        guard case .scalar(let text, _) = node.content, !node.isNull, !text.isEmpty else {
            throw error(expected: what)
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw error(expected: "\(what), without control characters")
        }
        return text
    }

    /// One of these words.
    public func choice(_ words: [String]) throws(ManifestError) -> String {
        let expected = words.listed(with: "or")
        guard case .scalar(let text, _) = node.content, !node.isNull else { throw error(expected: expected) }
        guard words.contains(text) else {
            throw error(expected: expected, suggestion: Suggestion.nearest(to: text, in: words))
        }
        return text
    }

    /// One of the raw values.
    public func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ type: Choice.Type
    ) throws(ManifestError) -> Choice {
        let word = try choice(Choice.allCases.map(\.rawValue))
        guard let choice = Choice(rawValue: word) else { throw error(expected: "\(Choice.self)") }
        return choice
    }

    /// A list with at least one entry.
    public func list(of what: String) throws(ManifestError) -> [Field] {
        guard case .list(let nodes) = node.content, !nodes.isEmpty else { throw error(expected: "a list of \(what)") }
        return nodes.enumerated().map { Field(node: $1, path: "\(path).\($0)", sections: sections) }
    }

    /// A path, as it can be opened from the working directory.
    package func filePath(_ what: String) throws(ManifestError) -> String {
        guard case .scalar(let text, _) = node.content, !node.isNull, !text.isEmpty, !text.contains("\0") else {
            throw error(expected: what)
        }
        return ManifestFile.resolve(text, writtenAt: node.mark)
    }

    private var unquoted: String {
        guard case .scalar(_, isQuoted: true) = node.content else { return "" }
        return ", without quotes"
    }

    /// Decimal digits, perhaps a sign, no leading zeros: nothing that YAML's versions read differently.
    private static func isWhole(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
            && (digits.count == 1 || digits.first != "0")
    }

    private static func isNumber(_ text: String) -> Bool {
        var mantissa = Substring(text)
        if let exponent = text.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            mantissa = text[..<exponent]
            var digits = text[text.index(after: exponent)...]
            if digits.hasPrefix("-") || digits.hasPrefix("+") { digits.removeFirst() }
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
        }
        let parts = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, isWhole(String(whole)) else { return false }
        return parts.count == 1 || parts[1].utf8.allSatisfy { (48...57).contains($0) }
    }
}
