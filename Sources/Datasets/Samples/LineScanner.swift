internal import Systems

/// What is wrong with a line of a file, and where in it.
struct LineProblem: Error, Hashable {
    var expected: String
    var got: String
    /// Counted from 1, in bytes; nil: the line as a whole.
    var column: Int?
}

/// Reads the JSON of one line strictly, as far as samples need it: an object's members, arrays of whole numbers, and
/// texts, which are passed over. Nothing of that nests, so nothing recurses. Meets any bytes without trapping.
struct LineScanner {
    let bytes: UnsafeRawBufferPointer
    var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next byte that is no blank; nil at the end.
    var next: UInt8? {
        mutating get {
            skipBlanks()
            return at < bytes.count ? bytes[at] : nil
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    mutating func expect(
        _ character: Unicode.Scalar, or other: @autoclosure () -> String = ""
    ) throws(LineProblem) {
        guard take(character) else { throw problem("\"\(character)\"\(other())") }
    }

    mutating func expectEnd() throws(LineProblem) {
        guard next == nil else { throw problem("the line's end") }
    }

    mutating func takeNull() -> Bool {
        guard next == UInt8(ascii: "n"), bytes[at...].prefix(4).elementsEqual("null".utf8) else { return false }
        at += 4
        return true
    }

    /// `[5, -100, 7]`. Each number takes two bytes of the line at least, so the array takes twice the line's memory at most.
    mutating func integers(of key: String, into numbers: inout [Int32]) throws(LineProblem) {
        numbers.removeAll(keepingCapacity: true)
        guard take("[") else { throw problem("an array of whole numbers for \"\(key)\"") }
        if take("]") { return }
        repeat {
            guard let number = integer() else {
                throw problem("a whole number below 2^31 for \(key)[\(numbers.count)]")
            }
            numbers.append(number)
        } while take(",")
        try expect("]", or: " or \",\" behind \(key)[\(numbers.count - 1)]")
    }

    /// nil, with the scanner where the number begins: there is none that fits.
    @inline(__always) private mutating func integer() -> Int32? {
        skipBlanks()
        var position = at
        let isNegative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let first = position
        var value = 0
        while position < bytes.count, position - first <= Self.longest {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ Int(digit)
            position += 1
        }
        let digits = position - first
        guard digits > 0, digits == 1 || bytes[first] != UInt8(ascii: "0"), value <= Int(Int32.max),
            position == bytes.count || Self.mayFollow(bytes[position])
        else { return nil }
        at = position
        return Int32(truncatingIfNeeded: isNegative ? -value : value)
    }

    /// Passes over a whole number of any size.
    mutating func takeInteger() -> Bool {
        skipBlanks()
        let start = bytes[at...].first == UInt8(ascii: "-") ? at + 1 : at
        let digits = bytes[start...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty, digits.endIndex == bytes.count || Self.mayFollow(bytes[digits.endIndex]) else {
            return false
        }
        at = digits.endIndex
        return true
    }

    /// Passes over a text.
    /// - Returns: what stands between its quotes, escapes as they are written.
    mutating func text(_ what: String) throws(LineProblem) -> UnsafeRawBufferPointer {
        guard take("\"") else { throw problem(what) }
        let start = at
        var all: UInt8 = 0
        while true {
            passPlain(&all)
            guard at < bytes.count, bytes[at] != 0x0A else { throw problem("the text's closing quote") }
            if bytes[at] == UInt8(ascii: "\"") { break }
            guard bytes[at] >= 0x20 else { throw problem("an escape", got: "a control character in a text") }
            try passEscape()
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
        guard all < 0x80 || String(validating: text, as: UTF8.self) != nil else {
            at = start
            throw problem("UTF-8", got: "a text that is none")
        }
        at += 1
        return text
    }

    /// The next byte's that is no blank, counted from 1.
    var column: Int {
        mutating get {
            skipBlanks()
            return at + 1
        }
    }

    /// - Parameter got: nil: what stands there.
    mutating func problem(_ expected: String, got: String? = nil, column: Int? = nil) -> LineProblem {
        let found = got ?? self.found
        return LineProblem(expected: expected, got: found, column: column ?? at + 1)
    }

    /// The most digits that a number of 32 bits has.
    private static let longest = 10

    @inline(__always) private static func mayFollow(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") || isBlank(byte)
    }

    @inline(__always) private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    @inline(__always) private mutating func skipBlanks() {
        while at < bytes.count, Self.isBlank(bytes[at]) { at += 1 }
    }

    /// - Parameter all: every byte that was passed, or-ed together.
    private mutating func passPlain(_ all: inout UInt8) {
        var position = at
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else { break }
            all |= byte
            position += 1
        }
        at = position
    }

    private mutating func passEscape() throws(LineProblem) {
        let rest = bytes[at...].dropFirst()
        guard let kind = rest.first, "\"\\/bfnrtu".utf8.contains(kind) else { throw problem("a JSON escape") }
        guard kind == UInt8(ascii: "u") else { return at += 2 }
        let digits = rest.dropFirst().prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
            throw problem("four hexadecimal digits behind \\u")
        }
        at += 6
    }

    /// The word or the character that stands next, spelled out.
    private var found: String {
        mutating get {
            guard let first = next else { return "the line's end" }
            let word = bytes[at...].prefix(40).prefix { Self.isPart(ofWord: $0) }
            let text = word.isEmpty ? bytes[at...].prefix(first < 0x80 ? 1 : 4) : word
            guard let valid = String(validating: text, as: UTF8.self) else {
                return "the byte 0x\(String(first, radix: 16, uppercase: true))"
            }
            return "\"\(valid.printable(limit: 40))\""
        }
    }

    /// Letters, digits, and what numbers are written with.
    private static func isPart(ofWord byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "0"..."9", "a"..."z", "A"..."Z", "_", ".", "+", "-": true
        default: false
        }
    }
}
