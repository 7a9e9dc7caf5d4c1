import Tokenizers

/// The text of ids that come one by one: a character whose bytes have not all come is held back.
package struct TextPieces: Sendable {
    private let coding: TextCoding
    /// Bytes of a character that is not whole yet.
    private var pending: [UInt8] = []

    /// Of a tokenizer.
    private var stream: TextStream?

    init(_ coding: TextCoding, after prompt: [Int32]) {
        self.coding = coding
        if case .tokenizer(let tokenizer) = coding {
            stream = TextStream(tokenizer, skipSpecial: true, after: prompt)
        }
    }

    /// The text that is certain with one more id.
    package mutating func append(_ id: Int32) -> String {
        switch coding {
        case .ids: return "\(id) "
        // Models may have more ids than their tokenizers know.
        case .tokenizer: return (try? stream?.append(id)) ?? "\u{FFFD}"
        case .bytes:
            // 0xFF never occurs in UTF-8.
            pending.append(UInt8(exactly: id) ?? 0xFF)
            let held = Self.unfinished(pending)
            defer { pending.removeFirst(pending.count - held) }
            return String(decoding: pending.dropLast(held), as: UTF8.self)
        }
    }

    /// What was held back, as U+FFFD.
    package mutating func finish() -> String {
        defer { pending = [] }
        if let text = stream?.finish() { return text }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end begin a character that more bytes may end.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let first = bytes[bytes.count - count]
            if first & 0xC0 == 0x80 { continue }
            let whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
            return first < 0xF8 && count < whole ? count : 0
        }
        return 0
    }
}
