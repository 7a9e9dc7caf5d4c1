import Foundation
import Systems

/// Draws the next token from a row of logits.
package struct TokenSampler {
    private let sampling: Generator.Sampling
    private var random: SplitMix64

    package init(_ sampling: Generator.Sampling) {
        self.sampling = sampling
        random = SplitMix64(seed: sampling.seed)
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
