/// Samples as they are written, one behind the other.
struct SampleBuffer: Sendable {
    /// As `ShardSet` reads them: ids, and bit 31 where a token counts.
    private(set) var words: [UInt32] = []
    /// Of each sample, its tokens.
    private(set) var lengths: [Int] = []
    /// Of each sample, whether something was cut off.
    private(set) var cuts: [Bool] = []

    mutating func add(_ sample: some Collection<UInt32>, isCut: Bool) {
        let start = words.count
        words += sample
        // Nothing stands before the first token that it could be predicted from.
        words[start] &= ShardSet.idMask
        lengths.append(words.count - start)
        cuts.append(isCut)
    }
}

extension [Int32] {
    /// Words of tokens that all count, or do not.
    func words(counted: Bool) -> [UInt32] {
        let bit = counted ? ShardSet.countBit : 0
        return map { UInt32(bitPattern: $0) | bit }
    }
}
