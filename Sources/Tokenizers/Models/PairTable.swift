/// Which pairs of tokens merge, in which order, into what.
struct PairTable: Sendable {
    /// No merge.
    static let none = UInt64.max

    private var keys: [UInt64]
    /// The rank above, the token below: the smaller, the earlier.
    private var values: [UInt64]
    private(set) var count = 0
    private static let empty = UInt64.max

    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        keys = [UInt64](repeating: Self.empty, count: size)
        values = [UInt64](repeating: Self.none, count: size)
    }

    /// A pair that is there already gets the new rank.
    mutating func insert(_ left: Int32, _ right: Int32, rank: Int, token: Int32) {
        if (count + 1) * 2 > keys.count { grow() }
        let slot = place(Self.key(left, right))
        if keys[slot] == Self.empty { count += 1 }
        keys[slot] = Self.key(left, right)
        values[slot] = UInt64(UInt32(truncatingIfNeeded: rank)) << 32 | UInt64(UInt32(bitPattern: token))
    }

    /// Rank and token of the pair's merge, as one number; `none` where they do not merge.
    @inline(__always) func find(_ left: Int32, _ right: Int32) -> UInt64 { values[place(Self.key(left, right))] }

    @inline(__always) static func token(_ merge: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF)
    }

    @inline(__always) private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always) private func place(_ key: UInt64) -> Int {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: SeededHash.mix(key)) & mask
        while keys[slot] != key, keys[slot] != Self.empty { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = [UInt64](repeating: Self.empty, count: oldKeys.count * 2)
        values = [UInt64](repeating: Self.none, count: oldKeys.count * 2)
        for (key, value) in zip(oldKeys, oldValues) where key != Self.empty {
            let slot = place(key)
            keys[slot] = key
            values[slot] = value
        }
    }
}
