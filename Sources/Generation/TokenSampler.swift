import Foundation

/// Draws the next token from a row of logits.
package struct TokenSampler {
    private let sampling: Generator.Sampling
    private var random: SplitMix

    package init(_ sampling: Generator.Sampling) {
        self.sampling = sampling
        random = SplitMix(state: sampling.seed)
    }

    package mutating func draw(_ logits: [Float]) -> Int {
        let likeliest = logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0
        guard sampling.temperature > 0 else { return likeliest }
        let order = logits.indices.sorted { (logits[$1], $0) < (logits[$0], $1) }
        let candidates = order.prefix(max(sampling.topK ?? order.count, 1))
        let top = Double(logits[likeliest])
        let weights = candidates.map { exp((Double(logits[$0]) - top) / sampling.temperature) }
        var rest = random.unit() * weights.reduce(0, +)
        for (token, weight) in zip(candidates, weights) {
            rest -= weight
            if rest < 0 { return token }
        }
        return likeliest
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014).
private struct SplitMix {
    var state: UInt64

    mutating func unit() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
}
