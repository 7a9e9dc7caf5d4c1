/// Philox 4×32-10: four random words for each counter and key, without state.
///
/// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). This form is for single draws on the host (an
/// epoch's order, a sampled token); backends fill whole tensors with the same function.
public enum Philox {
    /// A counter, or the four random words that it gives.
    public typealias Words = SIMD4<UInt32>

    /// The block of `counter` under `key`.
    public static func block(_ counter: Words, key: SIMD2<UInt32>) -> Words {
        var (counter, key) = (counter, key)
        for _ in 0..<10 {
            let p = UInt64(counter[0]) * 0xD251_1F53
            let q = UInt64(counter[2]) * 0xCD9E_8D57
            counter = Words(
                UInt32(truncatingIfNeeded: q >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: q),
                UInt32(truncatingIfNeeded: p >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: p))
            key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }

    /// Block `index` of the stream that `key` names: counter (index, sample, layer, step), key = seed.
    public static func block(_ index: UInt32, of key: RandomKey) -> Words {
        block(
            Words(index, key.sample, key.layer, key.step),
            key: SIMD2(UInt32(truncatingIfNeeded: key.seed), UInt32(truncatingIfNeeded: key.seed >> 32)))
    }
}
