/// A step from tokens, as a file spells them, to text.
indirect enum TokenDecoder: Sendable {
    /// GPT-2's letters become bytes.
    case byteLevel
    /// Marks become spaces; the first token loses its own unless no mark is ever put before a text.
    case metaspace(mark: UnicodeScalar, dropsFirst: Bool)
    case replace(TextPattern, with: [UInt8])
    /// `<0xE4>` and the like become bytes.
    case byteFallback
    /// Joins all tokens to one.
    case fuse
    /// Drops up to so many of a character at the ends of each token.
    case strip(UnicodeScalar, start: Int, stop: Int)
    case sequence([TokenDecoder])

    func apply(_ tokens: [[UInt8]], _ matcher: inout PatternMatcher) throws(TokenizerError) -> [[UInt8]] {
        switch self {
        case .sequence(let steps):
            var tokens = tokens
            for step in steps { tokens = try step.apply(tokens, &matcher) }
            return tokens
        case .byteLevel: return [Self.repaired(tokens.flatMap(Self.bytes))]
        case .metaspace(let mark, let dropsFirst):
            return tokens.enumerated().map { Self.spaced($1, mark, drops: $0 == 0 && dropsFirst) }
        case .replace(let pattern, let replacement):
            var result: [[UInt8]] = []
            var left = TextBuffer.largest
            for token in tokens {
                var text = TextBuffer()
                text.bytes = token
                var changed = TextBuffer()
                let isChanged = try text.replace(pattern, with: replacement, into: &changed, &matcher, largest: left)
                result.append(isChanged ? changed.bytes : token)
                left -= min(result[result.count - 1].count, left)
            }
            return result
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let scalar, let start, let stop): return tokens.map { Self.stripped($0, scalar, start, stop) }
        }
    }

    /// The bytes that a token spells; a token with other letters stands for itself.
    static func bytes(_ token: [UInt8]) -> [UInt8] {
        ByteLetters.bytes(of: String(decoding: token, as: UTF8.self)) ?? token
    }

    /// With U+FFFD for what is no UTF-8.
    private static func repaired(_ bytes: [UInt8]) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }

    private static func spaced(_ token: [UInt8], _ mark: UnicodeScalar, drops: Bool) -> [UInt8] {
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            if scalar != mark { result.append(scalar) } else if !drops { result.append(" ") }
        }
        return Array(String(result).utf8)
    }

    /// Each run of byte tokens becomes its text; one that is no UTF-8 becomes U+FFFD for each byte.
    private static func joinBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func flush() {
            guard !run.isEmpty else { return }
            if run.withUnsafeBufferPointer({ $0.firstInvalidByte() }) == nil {
                result.append(run)
            } else {
                result += run.map { _ in Array("\u{FFFD}".utf8) }
            }
            run.removeAll()
        }
        for token in tokens {
            if let byte = byte(token) {
                run.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    /// The byte that `<0xE4>` names.
    static func byte(_ token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    private static func stripped(_ token: [UInt8], _ scalar: UnicodeScalar, _ start: Int, _ stop: Int) -> [UInt8] {
        var scalars = String(decoding: token, as: UTF8.self).unicodeScalars[...]
        for _ in 0..<start where scalars.first == scalar { scalars.removeFirst() }
        for _ in 0..<stop where scalars.last == scalar { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }
}
