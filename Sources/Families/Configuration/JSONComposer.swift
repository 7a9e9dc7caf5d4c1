package import Notation
internal import Systems

/// JSON text → nodes, each with its place, so that what reads manifests reads a model's configuration too.
///
/// Strict, but for `NaN`, `Infinity` and `-Infinity`, which Python writes: no key twice, no lone surrogates, nothing
/// behind the value. Meets any bytes without trapping.
package struct JSONComposer {
    private let bytes: [UInt8]
    private let file: String
    private var at = 0
    private var line = 1
    private var lineStart = 0

    /// The value that a file of JSON holds.
    package static func compose(_ bytes: [UInt8], file: String) throws(ManifestError) -> YAMLNode {
        var composer = JSONComposer(bytes: bytes, file: file)
        guard bytes.count <= Limit.fileBytes else {
            throw composer.error("\(bytes.count) bytes", expected: "at most \(Limit.fileBytes) bytes")
        }
        let node = try composer.value(depth: 0)
        composer.skipSpace()
        guard composer.peek == nil else { throw composer.error(composer.found, expected: "nothing more") }
        return node
    }

    private init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    private mutating func value(depth: Int) throws(ManifestError) -> YAMLNode {
        skipSpace()
        let mark = mark
        guard depth <= Limit.depth else {
            let found = "more than \(Limit.depth) lists and mappings inside one another"
            throw error(found, expected: "at most \(Limit.depth)")
        }
        switch peek {
        case UInt8(ascii: "{"): return YAMLNode(content: .mapping(try entries(depth: depth)), mark: mark)
        case UInt8(ascii: "["): return YAMLNode(content: .list(try elements(depth: depth)), mark: mark)
        case UInt8(ascii: "\""): return YAMLNode(content: .scalar(try string(), isQuoted: true), mark: mark)
        default: return YAMLNode(content: .scalar(try word(), isQuoted: false), mark: mark)
        }
    }

    private mutating func entries(depth: Int) throws(ManifestError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var keys: Set<String> = []
        at += 1
        if take("}") { return entries }
        repeat {
            skipSpace()
            let mark = mark
            guard peek == UInt8(ascii: "\"") else { throw error(found, expected: "a key in quotes") }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw error("the key \"\(key.printable(limit: 60))\" a second time", expected: "it once", at: mark)
            }
            try expect(":")
            entries.append(YAMLNode.Entry(key: key, keyMark: mark, value: try value(depth: depth + 1)))
        } while take(",")
        try expect("}", or: " or \",\"")
        return entries
    }

    private mutating func elements(depth: Int) throws(ManifestError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        at += 1
        if take("]") { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        try expect("]", or: " or \",\"")
        return elements
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(ManifestError) -> String {
        let (start, mark) = (at, mark)
        while let byte = peek, !isSpace(byte),
            ![UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte)
        {
            at += 1
        }
        let word = String(decoding: bytes[start..<at], as: UTF8.self)
        let known = ["true", "false", "null", "NaN", "Infinity", "-Infinity"]
        guard known.contains(word) || isNumber(word) else {
            throw error(word.isEmpty ? found : "\"\(word.printable(limit: 60))\"", expected: "a value", at: mark)
        }
        return word
    }

    private func isNumber(_ word: String) -> Bool {
        word.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }
            && Double(word) != nil
    }

    private mutating func string() throws(ManifestError) -> String {
        let mark = mark
        at += 1
        do throws(JSONString.Problem) {
            return try JSONString.read(bytes, &at)
        } catch {
            switch error.kind {
            case .unclosed: throw self.error("the end", expected: "the closing quote of a string", at: mark)
            case .control: throw self.error(found, expected: "control characters to be escaped")
            case .escape, .hexadecimal: throw self.error(found, expected: error.expected)
            case .surrogate:
                at -= 1
                throw self.error("half a pair of surrogates", expected: "both")
            case .encoding: throw self.error("a string that is no UTF-8 text", expected: "UTF-8", at: mark)
            }
        }
    }

    // MARK: Bytes

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private var mark: Mark { Mark(file: file, line: line, column: at - lineStart + 1) }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func skipSpace() {
        while let byte = peek, isSpace(byte) {
            at += 1
            if byte == 0x0A { (line, lineStart) = (line + 1, at) }
        }
    }

    private mutating func take(_ character: UnicodeScalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ character: UnicodeScalar, or other: String = "") throws(ManifestError) {
        guard take(character) else { throw error(found, expected: "\"\(character)\"\(other)") }
    }

    /// What stands at the cursor.
    private var found: String {
        guard let byte = peek else { return "the end" }
        return (0x21..<0x7F).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte \(byte)"
    }

    private func error(_ found: String, expected: String, at mark: Mark? = nil) -> ManifestError {
        ManifestError(at: mark ?? self.mark, found: found, expected: expected)
    }
}
