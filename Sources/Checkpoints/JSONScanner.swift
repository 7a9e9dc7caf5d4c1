internal import Systems

/// What breaks a format, and where.
struct FormatProblem: Error, Hashable {
    var place: String
    var expected: String
    var got: String
}

/// Reads the JSON of checkpoint files strictly: no duplicate keys, no lone surrogates, no invalid UTF-8, no numbers
/// but whole ones from 0. Meets any bytes without trapping.
struct JSONScanner {
    private let bytes: [UInt8]
    private var at = 0
    private static let maximumDepth = 32

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// An object: `member` is called behind each key's colon and reads the value.
    /// - Parameters:
    ///   - limit: members; more of them throw before they take memory.
    ///   - what: they are called in errors.
    mutating func object(
        limit: Int = .max, of what: String = "members",
        _ member: (inout JSONScanner, String) throws(FormatProblem) -> Void
    ) throws(FormatProblem) {
        var keys: Set<String> = []
        try expect("{")
        if take("}") { return }
        repeat {
            skipSpace()
            let start = at
            let key = try string()
            guard keys.count < limit else { throw problem("at most \(limit) \(what)", "more", at: start) }
            guard keys.insert(key).inserted else { throw problem("each key once", "\(quoted(key)) again", at: start) }
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}", or: "\",\"")
    }

    mutating func array(_ element: (inout JSONScanner) throws(FormatProblem) -> Void) throws(FormatProblem) {
        try expect("[")
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        try expect("]", or: "\",\"")
    }

    /// A whole number of at least 0, without sign, leading zero, fraction or exponent.
    mutating func integer() throws(FormatProblem) -> Int {
        skipSpace()
        let start = at
        var value = 0
        while let byte = peek, byte >= 0x30, byte <= 0x39 {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowToo) = tens.addingReportingOverflow(Int(byte - 0x30))
            if overflow || overflowToo { throw problem("a number below 2^63", "a larger one", at: start) }
            value = sum
            at += 1
        }
        let digits = at - start
        if digits == 0 { throw problem("a whole number", found) }
        if digits > 1 && bytes[start] == 0x30 { throw problem("a number without leading zeros", "one", at: start) }
        if let byte = peek, [0x2E, 0x45, 0x65].contains(byte) { throw problem("a whole number", found) }
        return value
    }

    mutating func takeNull() -> Bool {
        skipSpace()
        guard bytes[at...].prefix(4).elementsEqual("null".utf8) else { return false }
        at += 4
        return true
    }

    mutating func string() throws(FormatProblem) -> String {
        try expect("\"")
        do throws(JSONString.Problem) {
            return try JSONString.read(bytes, &at)
        } catch {
            throw problem(error.expected, error.got ?? found)
        }
    }

    /// Reads over any value.
    mutating func skipValue(depth: Int = 0) throws(FormatProblem) {
        skipSpace()
        guard depth < Self.maximumDepth else { throw problem("at most \(Self.maximumDepth) levels", "more") }
        switch peek {
        case UInt8(ascii: "{"):
            try object { (scanner: inout JSONScanner, _: String) throws(FormatProblem) in
                try scanner.skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try array { (scanner: inout JSONScanner) throws(FormatProblem) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try string()
        default: try skipWord()
        }
    }

    /// Throws unless only white space is left.
    mutating func end() throws(FormatProblem) {
        skipSpace()
        if at < bytes.count { throw problem("nothing more", found) }
    }

    func problem(_ expected: String, _ got: String) -> FormatProblem { problem(expected, got, at: at) }

    /// A number in any notation, true, false or null.
    private mutating func skipWord() throws(FormatProblem) {
        let start = at
        while let byte = peek, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}"),
            !isSpace(byte)
        { at += 1 }
        let word = String(decoding: bytes[start..<at], as: UTF8.self)
        guard ["true", "false", "null"].contains(word) || isNumber(word) else {
            throw problem("a value", word.isEmpty ? found : quoted(word), at: start)
        }
    }

    private func isNumber(_ word: String) -> Bool {
        word.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }
            && Double(word) != nil
    }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func skipSpace() {
        while let byte = peek, isSpace(byte) { at += 1 }
    }

    private mutating func take(_ character: UnicodeScalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ character: UnicodeScalar, or other: String? = nil) throws(FormatProblem) {
        guard take(character) else {
            throw problem("\"\(character)\"" + (other.map { " or \($0)" } ?? ""), found)
        }
    }

    /// What stands at the cursor, for errors.
    private var found: String {
        guard let byte = peek else { return "the end" }
        return (0x21..<0x7F).contains(byte) ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte \(byte)"
    }

    private func problem(_ expected: String, _ got: String, at offset: Int) -> FormatProblem {
        FormatProblem(place: "byte \(offset) of its JSON", expected: expected, got: got)
    }
}

/// A name from a file as a message may show it: escaped, and of bounded length, also in combining marks.
func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars
    return scalars.prefix(200).map { $0.escaped(asASCII: false) }.joined().printable()
        + (scalars.dropFirst(200).isEmpty ? "" : "…")
}

func quoted(_ text: String) -> String { "\"\(shown(text))\"" }
