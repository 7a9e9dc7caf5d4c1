/// Cuts of a list of weights: the heaviest part as light as any cuts' can be, and then the smallest sum of squares.
///
/// Two dynamic programmes over prefixes; O(stages × layers²).
struct BestCuts {
    /// The first layer of each stage but the first.
    let cuts: [Int]

    /// `weights` are finite and ≥ 0; there are at least as many as stages.
    init(weights: [Double], stages: Int) {
        var prefix = [0.0]
        for weight in weights { prefix.append(prefix[prefix.count - 1] + weight) }
        let limit = Self.lightest(prefix, stages: stages) * (1 + 1e-12)
        cuts = Self.evenest(prefix, stages: stages, limit: limit)
    }

    /// The weight of the heaviest stage.
    private static func lightest(_ prefix: [Double], stages: Int) -> Double {
        let layers = prefix.count - 1
        var best = prefix
        for stage in stride(from: 2, through: stages, by: 1) {
            for end in stride(from: layers, through: stage, by: -1) {
                best[end] = (stage - 1..<end).reduce(.infinity) { min($0, max(best[$1], prefix[end] - prefix[$1])) }
            }
        }
        return best[layers]
    }

    private static func evenest(_ prefix: [Double], stages: Int, limit: Double) -> [Int] {
        let layers = prefix.count - 1
        var best = prefix.map { $0 <= limit ? $0 * $0 : .infinity }
        var starts: [[Int]] = []
        for stage in stride(from: 2, through: stages, by: 1) {
            var own = [Int](repeating: stage - 1, count: layers + 1)
            for end in stride(from: layers, through: stage, by: -1) {
                var least = Double.infinity
                for start in stage - 1..<end {
                    let weight = prefix[end] - prefix[start]
                    guard weight <= limit, best[start] + weight * weight < least else { continue }
                    least = best[start] + weight * weight
                    own[end] = start
                }
                best[end] = least
            }
            starts.append(own)
        }
        var end = layers
        return starts.reversed().map { own in
            end = own[end]
            return end
        }.reversed()
    }
}
