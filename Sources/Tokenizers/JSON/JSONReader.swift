internal import Systems

/// Reads JSON from bytes, value by value, in the order of the file: strict, without recursion beyond `maximumDepth`, and
/// taking memory only for what its caller keeps.
struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var at = 0
    private var depth = 0
    private static let maximumDepth = 32

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Bytes that were not read yet.
    var remaining: Int { bytes.count - at }

    /// What kind of value comes next.
    enum Kind { case object, array, string, number, bool, null }

    mutating func kind() throws(LoadProblem) -> Kind {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), (0x30...0x39)?: return .number
        default: throw problem("a value", found)
        }
    }

    /// An object: `member` is called behind each key's colon and reads the value.
    mutating func object(
        _ member: (inout JSONReader, String) throws(LoadProblem) -> Void
    ) throws(LoadProblem) {
        try enter("{")
        defer { depth -= 1 }
        if take("}") { return }
        repeat {
            skipSpace()
            let key = try string()
            guard take(":") else { throw problem("\":\"", found) }
            try member(&self, key)
        } while take(",")
        guard take("}") else { throw problem("\",\" or \"}\"", found) }
    }

    /// An array: `element` is called for each and reads it.
    mutating func array(_ element: (inout JSONReader) throws(LoadProblem) -> Void) throws(LoadProblem) {
        try enter("[")
        defer { depth -= 1 }
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        guard take("]") else { throw problem("\",\" or \"]\"", found) }
    }

    /// A number in any of JSON's notations, rounded as `tokenizers` does.
    mutating func number() throws(LoadProblem) -> Double {
        skipSpace()
        let start = at
        while let byte = peek, isNumberByte(byte) { at += 1 }
        guard start < at, let value = DecimalNumber(bytes[start..<at]).value else {
            let word = String(decoding: bytes[start..<at], as: UTF8.self)
            throw problem("a number", start < at ? shownToken(word) : found, at: start)
        }
        return value
    }

    /// A whole number from 0 to 2^53.
    mutating func count() throws(LoadProblem) -> Int {
        skipSpace()
        let start = at
        var value = 0
        while let byte = peek, (0x30...0x39).contains(byte), at - start < 15 {
            value = value * 10 + Int(byte - 0x30)
            at += 1
        }
        if at > start, peek.map({ !isNumberByte($0) }) ?? true { return value }
        at = start
        throw problem("a whole number from 0 on", (try? number()).map { "\($0)" } ?? found, at: start)
    }

    mutating func bool() throws(LoadProblem) -> Bool {
        if word("true") { return true }
        if word("false") { return false }
        throw problem("true or false", found)
    }

    mutating func null() throws(LoadProblem) {
        guard word("null") else { throw problem("null", found) }
    }

    mutating func string() throws(LoadProblem) -> String {
        guard take("\"") else { throw problem("a string", found) }
        do throws(JSONString.Problem) {
            return try JSONString.read(bytes, &at)
        } catch {
            at = error.offset
            throw problem(error.expected, error.got ?? found)
        }
    }

    /// Reads over any value.
    mutating func skip() throws(LoadProblem) {
        switch try kind() {
        case .object: try object { (reader: inout JSONReader, _) throws(LoadProblem) in try reader.skip() }
        case .array: try array { (reader: inout JSONReader) throws(LoadProblem) in try reader.skip() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .bool: _ = try bool()
        case .null: try null()
        }
    }

    /// Throws unless only white space is left.
    mutating func end() throws(LoadProblem) {
        skipSpace()
        if at < bytes.count { throw problem("nothing more", found) }
    }

    func problem(_ expected: String, _ got: String, at offset: Int? = nil) -> LoadProblem {
        .malformed(place: "byte \(offset ?? at)", expected: expected, got: got)
    }

    /// What stands at the cursor, for errors.
    var found: String {
        guard let byte = peek else { return "the end" }
        return (0x21..<0x7F).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte \(byte)"
    }

    // MARK: Parts

    private mutating func enter(_ character: UnicodeScalar) throws(LoadProblem) {
        skipSpace()
        guard depth < Self.maximumDepth else { throw problem("at most \(Self.maximumDepth) levels", "more") }
        guard take(character) else { throw problem("\"\(character)\"", found) }
        depth += 1
    }

    private mutating func word(_ word: StaticString) -> Bool {
        skipSpace()
        let count = word.utf8CodeUnitCount
        guard bytes.count - at >= count else { return false }
        for index in 0..<count where bytes[at + index] != word.utf8Start[index] { return false }
        at += count
        return true
    }

    @inline(__always) private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func isNumberByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }

    @inline(__always) private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[at]) { at += 1 }
    }

    @inline(__always) private mutating func take(_ character: UnicodeScalar) -> Bool {
        skipSpace()
        guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
        at += 1
        return true
    }
}
