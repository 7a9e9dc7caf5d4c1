extension SentencePieceTokenizer {
    package func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String {
        var text = DecodedText(dropsFirstSpace: dropsFirstSpace, dropsEachSpace: dropsEachSpace)
        for id in ids {
            if let name = added[id] {
                if !skipSpecial || !specialIds.contains(id) { text.append(Array(name.utf8)) }
                continue
            }
            guard 0..<pieces.count ~= Int(id) else { throw .id(id, vocabulary: vocabularySize) }
            let piece = pieces[Int(id)]
            switch model.kinds[Int(id)] {
            case .byte: text.append(byte: SentencePieceModel.byte(of: piece) ?? 0)
            case .control: text.append(skipSpecial ? [] : piece)
            case .unknown:
                text.append(!options.findsSpecialTokens ? model.unknownSurface : skipSpecial ? [] : piece)
            case .normal, .userDefined, .unused: text.append(piece: piece)
            }
        }
        return text.finish()
    }

    /// Whether a text's first piece loses the space that it begins with, and whether further pieces do, while there is no
    /// text.
    private var dropsFirstSpace: Bool { model.normalization.addsDummyPrefix || dropsEachSpace }
    private var dropsEachSpace: Bool { model.normalization.removesExtraWhitespace }
}

/// A text that grows by pieces.
private struct DecodedText {
    private var bytes: [UInt8] = []
    /// Bytes that are pieces of their own, until something else comes.
    private var single: [UInt8] = []
    private var mayDropSpace: Bool
    private let dropsEachSpace: Bool

    private static let underscore: [UInt8] = [0xe2, 0x96, 0x81]

    init(dropsFirstSpace: Bool, dropsEachSpace: Bool) {
        mayDropSpace = dropsFirstSpace
        self.dropsEachSpace = dropsEachSpace
    }

    mutating func append(byte: UInt8) { single.append(byte) }

    /// Appends what is no piece with spaces.
    mutating func append(_ text: [UInt8]) {
        flush()
        bytes += text
    }

    mutating func append(piece: [UInt8]) {
        flush()
        var rest = piece[...]
        if bytes.isEmpty, mayDropSpace, rest.starts(with: Self.underscore) {
            rest = rest.dropFirst(Self.underscore.count)
            mayDropSpace = dropsEachSpace
        }
        while let byte = rest.first {
            if byte == Self.underscore[0], rest.starts(with: Self.underscore) {
                bytes.append(0x20)
                rest = rest.dropFirst(Self.underscore.count)
            } else {
                bytes.append(byte)
                rest = rest.dropFirst()
            }
        }
    }

    mutating func finish() -> String {
        flush()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whole characters as they are; each byte that belongs to none becomes U+FFFD.
    private mutating func flush() {
        var rest = single[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
            if length <= rest.count, Array(rest.prefix(length)).isUTF8 {
                bytes += rest.prefix(length)
                rest = rest.dropFirst(length)
            } else {
                bytes += Array("\u{fffd}".utf8)
                rest = rest.dropFirst()
            }
        }
        single.removeAll(keepingCapacity: true)
    }
}
