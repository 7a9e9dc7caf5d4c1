import Systems

/// Uniformly distributed tokens that are computed, not stored: each one depends on the seed and its index alone.
package struct RandomTokens: TokenSource, Hashable {
    package let count: Int
    package let vocabulary: Int
    package let seed: UInt64

    /// Throws unless there is a token and a vocabulary to draw from.
    package init(count: Int, vocabulary: Int, seed: UInt64) throws(DatasetError) {
        guard count >= 1 else {
            throw .setting(name: "data.random", expected: "at least 1 token", got: "\(count)")
        }
        guard (1...Int(Int32.max)).contains(vocabulary) else {
            throw .setting(name: "vocabulary", expected: "1 to \(Int32.max)", got: "\(vocabulary)")
        }
        self.count = count
        self.vocabulary = vocabulary
        self.seed = seed
    }

    package var name: String { "\(count) random tokens" }

    package func copy(_ range: Range<Int>, into out: UnsafeMutableBufferPointer<Int32>) {
        requireRoom(range, in: count, out)
        for (i, token) in range.enumerated() { out[i] = self.token(token) }
    }

    package func location(of token: Int) -> TokenLocation {
        TokenLocation(source: name, token: token, byte: nil)
    }

    private func token(_ index: Int) -> Int32 {
        let bits = SplitMix64.mix(SplitMix64.mix(seed) &+ UInt64(index))
        return Int32(truncatingIfNeeded: UInt64(vocabulary).multipliedFullWidth(by: bits).high)
    }
}
