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
            let scalar = text.scalar(at: at)
            if let previous { body(previous, scalar.value, at) }
            previous = scalar.value
            at += scalar.byteCount
        }
    }

    @inline(__always) private static func hash(_ left: UInt32, _ right: UInt32) -> Int {
        Int(((UInt64(left) << 21 | UInt64(right)) &* 0x9e37_79b9_7f4a_7c15) >> UInt64(64 - bits))
    }
}
