/// Which pairs of tokens merge, in which order, into what.
struct PairTable: Sendable {
    /// No merge.
    static let none = UInt64.max

    private struct Entry {
        var key = UInt64.max
        /// The rank above, the token below: the smaller, the earlier.
        var value = PairTable.none
    }

    private var entries: [Entry]
    /// A bit for each of some hashes: most pairs that are asked for do not merge, and this much stays in the cache.
    private var isThere = [UInt64](repeating: 0, count: 1 << 15)
    private(set) var count = 0
    private static let empty = UInt64.max

    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        entries = [Entry](repeating: Entry(), count: size)
    }

    /// A pair that is there already gets the new rank.
    mutating func insert(_ left: Int32, _ right: Int32, rank: Int, token: Int32) {
        if (count + 1) * 2 > entries.count { grow() }
        let key = Self.key(left, right)
        let hash = SeededHash.mix(key)
        let slot = place(key, hash)
        if entries[slot].key == Self.empty { count += 1 }
        let value = UInt64(UInt32(truncatingIfNeeded: rank)) << 32 | UInt64(UInt32(bitPattern: token))
        entries[slot] = Entry(key: key, value: value)
        let bit = Self.bit(hash)
        isThere[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    /// Rank and token of the pair's merge, as one number; `none` where they do not merge.
    @inline(__always) func find(_ left: Int32, _ right: Int32) -> UInt64 {
        let key = Self.key(left, right)
        let hash = SeededHash.mix(key)
        let bit = Self.bit(hash)
        guard isThere[bit >> 6] >> UInt64(bit & 63) & 1 == 1 else { return Self.none }
        return entries[place(key, hash)].value
    }

    @inline(__always) static func token(_ merge: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: merge & 0xFFFF_FFFF)
    }

    @inline(__always) private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always) private static func bit(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 43) }

    @inline(__always) private func place(_ key: UInt64, _ hash: UInt64) -> Int {
        let mask = entries.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while entries[slot].key != key, entries[slot].key != Self.empty { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: old.count * 2)
        for entry in old where entry.key != Self.empty {
            entries[place(entry.key, SeededHash.mix(entry.key))] = entry
        }
    }
}
