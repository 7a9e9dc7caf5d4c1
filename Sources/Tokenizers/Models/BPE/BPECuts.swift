/// Pairs of neighbouring scalars that occur inside of merged tokens. Between any others a word can be cut: each part
/// then merges as it would in the whole. This keeps words short where a format does not split a text at spaces.
struct BPECuts: Sendable {
    /// Bits for pairs of ASCII characters.
    private var ascii = [UInt64](repeating: 0, count: 128 * 2)
    private var others: Set<UInt64> = []

    /// A merge makes this token.
    mutating func add(_ token: String) {
        var last: UInt32?
        for scalar in token.unicodeScalars {
            if let last { join(last, scalar.value) }
            last = scalar.value
        }
    }

    private mutating func join(_ first: UInt32, _ second: UInt32) {
        if first < 0x80, second < 0x80 {
            ascii[Int(first) * 2 + Int(second >> 6)] |= 1 << UInt64(second & 63)
        } else {
            others.insert(UInt64(first) << 32 | UInt64(second))
        }
    }

    @inline(__always) private func joins(_ first: UInt32, _ second: UInt32) -> Bool {
        if first < 0x80, second < 0x80 {
            return ascii[Int(first) * 2 + Int(second >> 6)] >> UInt64(second & 63) & 1 == 1
        }
        return others.contains(UInt64(first) << 32 | UInt64(second))
    }

    /// Where the word that begins at `start` can first be cut.
    func cut(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, end: Int) -> Int {
        var scalar = text.scalar(at: start)
        var at = start + scalar.byteCount
        while at < end {
            let next = text.scalar(at: at)
            guard joins(scalar.value, next.value) else { return at }
            scalar = next
            at += next.byteCount
        }
        return end
    }
}
