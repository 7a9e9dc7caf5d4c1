/// The strings of JSON (RFC 8259, section 7), for all that read files of it. Strict: no lone surrogates, no invalid UTF-8, no
/// control characters. Meets any bytes without trapping.
package enum JSONString {
    /// What is wrong, and at which byte.
    package struct Problem: Error, Hashable {
        package enum Kind: Hashable, Sendable {
            /// The bytes end before the string does.
            case unclosed
            /// A control character that is not escaped.
            case control
            /// A backslash before what JSON knows no meaning for.
            case escape
            /// `\u` without four hexadecimal digits.
            case hexadecimal
            /// One half of a pair of surrogates.
            case surrogate
            /// What is not UTF-8; the offset is the string's first byte.
            case encoding
        }

        package var kind: Kind
        package var offset: Int

        /// What stands there, where that is no property of the bytes at `offset`.
        package var got: String? {
            switch kind {
            case .surrogate: "half a pair"
            case .encoding: "a string that is not"
            case .unclosed, .control, .escape, .hexadecimal: nil
            }
        }

        package var expected: String {
            switch kind {
            case .unclosed: "the string's closing quote"
            case .control: "control characters to be escaped in strings"
            case .escape: "an escape that JSON knows"
            case .hexadecimal: "four hexadecimal digits"
            case .surrogate: "a pair of surrogates"
            case .encoding: "UTF-8"
            }
        }
    }

    /// Reads a string.
    /// - Parameter at: behind its opening quote; afterwards behind its closing one.
    package static func read(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(Problem) -> String {
        let start = at
        // Most strings have no escape: they are taken as they are.
        while at < bytes.count, bytes[at] >= 0x20, bytes[at] != quote, bytes[at] != backslash { at += 1 }
        if at < bytes.count, bytes[at] == quote {
            defer { at += 1 }
            return try text(bytes[start..<at], start)
        }
        var characters = Array(bytes[start..<at])
        while true {
            guard at < bytes.count else { throw Problem(kind: .unclosed, offset: at) }
            let byte = bytes[at]
            guard byte >= 0x20 else { throw Problem(kind: .control, offset: at) }
            at += 1
            if byte == quote { return try text(characters[...], start) }
            if byte == backslash {
                try escape(bytes, &at, into: &characters)
            } else {
                characters.append(byte)
            }
        }
    }

    /// The same of an array; where something is wrong, `at` is its place.
    package static func read(_ bytes: [UInt8], _ at: inout Int) throws(Problem) -> String {
        var place = at
        let outcome: Result<String, Problem> = bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(Problem) in try read(bytes, &place) }
        }
        if case .failure(let problem) = outcome { place = problem.offset }
        at = place
        return try outcome.get()
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func text(_ bytes: some Collection<UInt8>, _ start: Int) throws(Problem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(kind: .encoding, offset: start)
        }
        return text
    }

    private static func escape(
        _ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int, into text: inout [UInt8]
    ) throws(Problem) {
        guard at < bytes.count else { throw Problem(kind: .unclosed, offset: at) }
        switch bytes[at] {
        case quote, backslash, UInt8(ascii: "/"): text.append(bytes[at])
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            at += 1
            text.append(contentsOf: String(Character(try scalar(bytes, &at))).utf8)
            return
        default: throw Problem(kind: .escape, offset: at)
        }
        at += 1
    }

    /// The scalar of four hexadecimal digits, or of two times four where the first are a high surrogate.
    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(Problem) -> UnicodeScalar {
        let start = at
        var value = try hexadecimal(bytes, &at)
        if (0xD800..<0xDC00).contains(value), at + 1 < bytes.count, bytes[at] == backslash,
            bytes[at + 1] == UInt8(ascii: "u")
        {
            at += 2
            let low = try hexadecimal(bytes, &at)
            guard (0xDC00..<0xE000).contains(low) else { throw Problem(kind: .surrogate, offset: start) }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = UnicodeScalar(value) else { throw Problem(kind: .surrogate, offset: start) }
        return scalar
    }

    private static func hexadecimal(_ bytes: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard at < bytes.count, let digit = Character(UnicodeScalar(bytes[at])).hexDigitValue else {
                throw Problem(kind: .hexadecimal, offset: at)
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }
}
