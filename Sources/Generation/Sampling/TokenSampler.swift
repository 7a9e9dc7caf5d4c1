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

    /// - Parameter text: the ids before, for the repetition penalty.
    package mutating func draw(_ logits: [Float], after text: [Int32] = []) -> Int {
        // What is no number is never drawn.
        var logits = logits.map { $0.isNaN ? -.infinity : $0 }
        penalise(&logits, text)
        let likeliest = logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0
        guard sampling.temperature > 0 else { return likeliest }
        let top = Double(logits[likeliest])
        func weight(_ token: Int) -> Double { exp((Double(logits[token]) - top) / sampling.temperature) }
        var candidates = candidates(logits)
        if sampling.topP < 1 { cut(&candidates, weight) }
        if sampling.minP > 0 { candidates.removeAll { weight($0) < sampling.minP && $0 != likeliest } }
        let weights = candidates.map(weight)
        var rest = random.unit() * weights.reduce(0, +)
        for (token, weight) in zip(candidates, weights) {
            rest -= weight
            if rest < 0 { return token }
        }
        return likeliest
    }

    /// Keskar et al., arXiv 1909.05858: positive logits are divided, negative ones multiplied.
    private func penalise(_ logits: inout [Float], _ text: [Int32]) {
        guard sampling.repetitionPenalty != 1 else { return }
        let penalty = Float(sampling.repetitionPenalty)
        for token in Set(text) where logits.indices.contains(Int(token)) {
            let logit = logits[Int(token)]
            logits[Int(token)] = logit < 0 ? logit * penalty : logit / penalty
        }
    }

    /// The k likeliest tokens, the likeliest first, equal ones in the order of their ids; all, unless k is given.
    private func candidates(_ logits: [Float]) -> [Int] {
        guard let k = sampling.topK, k < logits.count else {
            let all = Array(logits.indices)
            return sampling.topP < 1 ? all.sorted { (logits[$1], $0) < (logits[$0], $1) } : all
        }
        // Most tokens are below the k-th so far: one comparison each.
        var best: [Int] = []
        for token in logits.indices {
            if best.count >= max(k, 1) {
                guard logits[token] > logits[best[best.count - 1]] else { continue }
                best.removeLast()
            }
            let place = best.firstIndex { logits[token] > logits[$0] } ?? best.count
            best.insert(token, at: place)
        }
        return best
    }

    /// Holtzman et al., arXiv 1904.09751: the likeliest tokens until their probabilities reach `topP`.
    private func cut(_ candidates: inout [Int], _ weight: (Int) -> Double) {
        let weights = candidates.map(weight)
        let wanted = sampling.topP * weights.reduce(0, +)
        var (sum, count) = (0.0, 0)
        while count < weights.count, count == 0 || sum < wanted {
            sum += weights[count]
            count += 1
        }
        candidates.removeLast(candidates.count - count)
    }
}
