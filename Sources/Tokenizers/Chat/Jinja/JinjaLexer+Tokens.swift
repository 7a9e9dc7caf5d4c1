extension JinjaLexer {
    private static let signs = [
        "==", "!=", "<=", ">=", "**", "//", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ",",
        ".", ":", "|", ";",
    ]

    /// The token that begins here, which is no white space.
    mutating func readToken() throws(JinjaProblem) -> JinjaToken {
        let first = source[at]
        if first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") { return try readString(quote: first) }
        if isDigit(first) { return try readNumber() }
        if isNameStart(first) {
            let name = source[at...].prefix { isNameStart($0) || isDigit($0) }
            defer { at += name.count }
            return JinjaToken(kind: .name(String(decoding: name, as: UTF8.self)), line: line)
        }
        guard let sign = Self.signs.first(where: { source[at...].starts(with: $0.utf8) }) else {
            throw syntax("an expression", shownToken(String(decoding: source[at...].prefix(4), as: UTF8.self)))
        }
        defer { at += sign.utf8.count }
        return JinjaToken(kind: .sign(sign), line: line)
    }

    private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private func isNameStart(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private mutating func readNumber() throws(JinjaProblem) -> JinjaToken {
        let text = source[at...]
        var end = at
        func skipDigits() {
            while end < text.endIndex, isDigit(text[end]) || text[end] == UInt8(ascii: "_") { end += 1 }
        }
        skipDigits()
        var isFloat = false
        if end + 1 < text.endIndex, text[end] == UInt8(ascii: "."), isDigit(text[end + 1]) {
            isFloat = true
            end += 1
            skipDigits()
        }
        if end + 1 < text.endIndex, text[end] | 0x20 == UInt8(ascii: "e") {
            let hasSign = "+-".utf8.contains(text[end + 1])
            let digits = end + (hasSign ? 2 : 1)
            if digits < text.endIndex, isDigit(text[digits]) {
                isFloat = true
                end = digits
                skipDigits()
            }
        }
        let spelled = String(decoding: text[..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        at = end
        if isFloat, let value = Double(spelled) { return JinjaToken(kind: .float(value), line: line) }
        let hasZeros = spelled.hasPrefix("0") && spelled.contains { $0 != "0" }
        guard !isFloat, !hasZeros, let value = Int(spelled) else {
            throw syntax("a number below 2⁶³ without zeros before it", shownToken(spelled))
        }
        return JinjaToken(kind: .integer(value), line: line)
    }

    private mutating func readString(quote: UInt8) throws(JinjaProblem) -> JinjaToken {
        let start = line
        var text: [UInt8] = []
        at += 1
        while at < source.count {
            let byte = source[at]
            at += 1
            if byte == quote { return JinjaToken(kind: .string(text), line: start) }
            if byte == 10 { line += 1 }
            if byte == UInt8(ascii: "\\") { try readEscape(into: &text) } else { text.append(byte) }
        }
        throw syntax(String(decoding: [quote], as: UTF8.self), "the end")
    }

    /// What stands behind a backslash, as in Python; the backslash stays where it means nothing.
    private mutating func readEscape(into text: inout [UInt8]) throws(JinjaProblem) {
        guard at < source.count else { return }
        let byte = source[at]
        at += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "v"): text.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(byte)
        case 10: line += 1
        case UInt8(ascii: "x"): try readScalar(2, into: &text)
        case UInt8(ascii: "u"): try readScalar(4, into: &text)
        case UInt8(ascii: "U"): try readScalar(8, into: &text)
        case UInt8(ascii: "0")...UInt8(ascii: "7"), UInt8(ascii: "N"):
            throw JinjaProblem(
                line: line, kind: .unsupported("the escape \\\(String(decoding: [byte], as: UTF8.self))"))
        default: text += [UInt8(ascii: "\\"), byte]
        }
    }

    private mutating func readScalar(_ digits: Int, into text: inout [UInt8]) throws(JinjaProblem) {
        let spelled = String(decoding: source[at...].prefix(digits), as: UTF8.self)
        guard spelled.utf8.count == digits, let value = UInt32(spelled, radix: 16), let scalar = UnicodeScalar(value)
        else {
            throw syntax("\(digits) digits of a character's number", shownToken(spelled))
        }
        at += digits
        text.append(scalar: scalar.value)
    }
}
