/// Where a normalised text may be cut beforehand without changing its pieces: between two characters that stand side by
/// side in no piece. So what is worked on is short, and what comes again is known.
struct PieceBorders: Sendable {
    /// A bit for each hash of two neighbours in some piece. Two pairs that share a hash cost a cut, not an error.
    private var joined = [UInt64](repeating: 0, count: 1 << (bits - 6))

    private static let bits = 20

    init(_ pieces: some Sequence<SentencePieceModel.Piece>) {
        for piece in pieces {
            piece.text.withUnsafeBufferPointer { text in
                Self.forEachPair(in: text) { left, right, _ in
                    let hash = Self.hash(left, right)
                    joined[hash >> 6] |= 1 << UInt64(hash & 63)
                }
            }
        }
    }

    /// Calls `body` with the parts of a text, in order.
    /// - Parameter text: UTF-8.
    func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        var start = 0
        joined.withUnsafeBufferPointer { joined in
            Self.forEachPair(in: text) { left, right, border in
                let hash = Self.hash(left, right)
                guard joined[hash >> 6] >> UInt64(hash & 63) & 1 == 0 else { return }
                body(start..<border)
                start = border
            }
        }
        if start < text.count { body(start..<text.count) }
    }

    /// Each two scalars that follow each other, and where the second begins.
    @inline(__always)
    private static func forEachPair(in text: UnsafeBufferPointer<UInt8>, _ body: (UInt32, UInt32, Int) -> Void) {
        var previous: UInt32?
        var at = 0
        while at < text.count {
            let (scalar, length) = scalar(in: text, at: at)
            if let previous { body(previous, scalar, at) }
            previous = scalar
            at += length
        }
    }

    @inline(__always) private static func scalar(
        in text: UnsafeBufferPointer<UInt8>, at: Int
    ) -> (value: UInt32, length: Int) {
        let first = text[at]
        if first < 0x80 { return (UInt32(first), 1) }
        let length = scalarLength(first)
        guard at + length <= text.count else { return (UInt32(first), 1) }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for next in at + 1..<at + length { value = value << 6 | UInt32(text[next] & 0x3f) }
        return (value, length)
    }

    @inline(__always) private static func hash(_ left: UInt32, _ right: UInt32) -> Int {
        Int(((UInt64(left) << 21 | UInt64(right)) &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - bits))
    }
}
