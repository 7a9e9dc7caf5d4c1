import Systems

/// A random order of 0 ..< count that is computed, not stored: a keyed Feistel network over the smallest even number of
/// bits that holds `count`, walked along its cycle until it lands inside (Black and Rogaway, Ciphers with Arbitrary
/// Finite Domains, 2002). At most four networks per index on average.
package struct Permutation: Hashable, Sendable {
    package let count: Int
    private let halfBits: UInt64
    private let key: UInt64
    private static let rounds: UInt64 = 8

    package init(count: Int, seed: UInt64, epoch: UInt64) {
        precondition(count >= 1, "a permutation of \(count)")
        self.count = count
        let bits = UInt64(UInt64.bitWidth - UInt64(count - 1).leadingZeroBitCount)
        halfBits = max(1, (bits + 1) / 2)
        key = SplitMix64.mix(SplitMix64.mix(seed) ^ epoch)
    }

    package subscript(_ index: Int) -> Int {
        precondition((0..<count).contains(index), "index \(index) of \(count)")
        var value = UInt64(index)
        repeat { value = network(value) } while value >= UInt64(count)
        return Int(value)
    }

    private func network(_ value: UInt64) -> UInt64 {
        let mask = (UInt64(1) << halfBits) - 1
        var left = value >> halfBits
        var right = value & mask
        for round in 0..<Self.rounds {
            (left, right) = (right, left ^ (SplitMix64.mix(SplitMix64.mix(key ^ round) ^ right) & mask))
        }
        return left << halfBits | right
    }
}
