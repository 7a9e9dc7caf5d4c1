/// Pieces by id, and ids by piece; a piece is its bytes, whatever their Unicode equivalents.
struct PieceTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each piece begins, and where the last ends.
    private var starts: [Int] = [0]
    /// One more than an id, 0 for none; the first free slot behind a hash's own is its place.
    private var slots: [UInt32]

    /// A piece that stood there before: its id.
    private(set) var duplicate: Int?

    /// - Parameter indexed: whether a piece may be found by its bytes.
    init(_ pieces: [SentencePieceModel.Piece], indexed: (SentencePieceModel.Kind) -> Bool) {
        starts.reserveCapacity(pieces.count + 1)
        var size = 1024
        while size < 2 * pieces.count { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for (id, piece) in pieces.enumerated() {
            bytes += piece.text
            starts.append(bytes.count)
            if indexed(piece.kind) { piece.text.withUnsafeBufferPointer { insert(id, $0) } }
        }
    }

    var count: Int { starts.count - 1 }

    /// - Parameter id: below `count`.
    subscript(_ id: Int) -> ArraySlice<UInt8> { bytes[starts[id]..<starts[id + 1]] }

    /// The id of an indexed piece.
    func id(of piece: UnsafeBufferPointer<UInt8>) -> Int32? {
        let found = slots[slot(of: piece)]
        return found == 0 ? nil : Int32(found - 1)
    }

    func id(of piece: String) -> Int32? {
        var piece = piece
        return piece.withUTF8 { id(of: $0) }
    }

    private mutating func insert(_ id: Int, _ piece: UnsafeBufferPointer<UInt8>) {
        let slot = slot(of: piece)
        if slots[slot] == 0 { slots[slot] = UInt32(id + 1) } else { duplicate = duplicate ?? id }
    }

    /// Where a piece is or would be.
    private func slot(of piece: UnsafeBufferPointer<UInt8>) -> Int {
        var slot = Int(truncatingIfNeeded: byteHash(piece)) & (slots.count - 1)
        while slots[slot] != 0, !isPiece(Int(slots[slot] - 1), piece) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    @inline(__always) private func isPiece(_ id: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = starts[id]
        guard starts[id + 1] - start == text.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for at in 0..<text.count where bytes[start + at] != text[at] { return false }
            return true
        }
    }
}

/// A hash of bytes: eight at a time, multiplied and folded.
@inline(__always) func byteHash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(text.count) &* 0x9e37_79b9_7f4a_7c15
    var at = 0
    while at < text.count {
        var word: UInt64 = 0
        let end = min(at + 8, text.count)
        while at < end {
            word = word << 8 | UInt64(text[at])
            at += 1
        }
        let product = (hash ^ word).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        hash = product.high ^ product.low
    }
    return hash
}
