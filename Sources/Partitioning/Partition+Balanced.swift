extension Partition {
    /// The cuts with the smallest maximum of the stages' weights.
    ///
    /// Among those, the smallest sum of squared stage weights; then of squared layer counts; then the earlier stages
    /// are the longer ones. Exact where the weights' sums are (integers below 2^53). `weights` holds one finite number
    /// ≥ 0 for each layer: parameters, FLOPs, seconds. Costs O(stages × layers²).
    public static func balanced(weights: [Double], stages: Int) throws(PartitionError) -> Partition {
        try PartitionError.checkCounts(layers: weights.count, stages: stages)
        if let bad = weights.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
            throw PartitionError(
                "partition", expected: "a finite weight of at least 0 for layer \(bad)", got: "\(weights[bad])")
        }
        let table = BalanceTable(weights: weights)
        let limit = table.smallestHeaviestStage(stages: stages)
        return Partition(layers: weights.count, cuts: table.evenestCuts(stages: stages, limit: limit))
    }

    /// Layer counts that differ by one at most; the earlier stages are the longer ones.
    public static func uniform(layers: Int, stages: Int) throws(PartitionError) -> Partition {
        try PartitionError.checkCounts(layers: layers, stages: stages)
        let (length, longer) = layers.quotientAndRemainder(dividingBy: stages)
        return Partition(layers: layers, cuts: (1..<stages).map { $0 * length + min($0, longer) })
    }
}

/// Dynamic programmes over prefixes of the layers.
private struct BalanceTable {
    private let layers: Int
    /// Of the scaled weights: prefix[j] − prefix[i] is the weight of layers i ..< j.
    private let prefix: [Double]

    /// Weights are scaled by a power of two, which loses nothing and keeps their squares finite.
    init(weights: [Double]) {
        layers = weights.count
        let largest = weights.max() ?? 0
        let exponent = largest > 0 ? largest.exponent : 0
        var sum = 0.0
        prefix =
            [0]
            + weights.map { weight in
                sum += Double(sign: .plus, exponent: -exponent, significand: weight)
                return sum
            }
    }

    /// best[j] after k rounds: the lightest possible heaviest stage of layers 0 ..< j in k stages.
    func smallestHeaviestStage(stages: Int) -> Double {
        var best = prefix
        for stage in stride(from: 2, through: stages, by: 1) {
            // Downwards, so that best[i] is still the previous round's.
            for end in stride(from: layers, through: stage, by: -1) {
                var lightest = Double.infinity
                for start in (stage - 1)..<end {
                    lightest = min(lightest, max(best[start], prefix[end] - prefix[start]))
                }
                best[end] = lightest
            }
        }
        return best[layers]
    }

    private struct Cost {
        var squaredWeights: Double
        var squaredCounts: Int

        static func <= (a: Cost, b: Cost) -> Bool {
            a.squaredWeights < b.squaredWeights
                || (a.squaredWeights == b.squaredWeights && a.squaredCounts <= b.squaredCounts)
        }

        static func + (a: Cost, b: Cost) -> Cost {
            Cost(
                squaredWeights: a.squaredWeights + b.squaredWeights, squaredCounts: a.squaredCounts + b.squaredCounts)
        }
    }

    /// The same for the sum of squares, where no stage may be heavier than `limit`.
    func evenestCuts(stages: Int, limit: Double) -> [Int] {
        var best = (0...layers).map { $0 == 0 ? nil : cost(of: 0..<$0, limit: limit) }
        var starts: [[Int]] = []
        for stage in stride(from: 2, through: stages, by: 1) {
            let ends = (0...layers).map { lastCut(before: $0, stage: stage, best, limit: limit) }
            best = ends.map { $0?.cost }
            starts.append(ends.map { $0?.start ?? 0 })
        }
        return cuts(from: starts)
    }

    /// Where the last of `stage` stages that hold layers 0 ..< end begins; `best` knows one stage fewer.
    private func lastCut(
        before end: Int, stage: Int, _ best: [Cost?], limit: Double
    ) -> (start: Int, cost: Cost)? {
        var found: (start: Int, cost: Cost)?
        for start in (stage - 1)..<max(end, stage - 1) {
            guard let left = best[start], let right = cost(of: start..<end, limit: limit) else { continue }
            let both = left + right
            if let known = found, !(both <= known.cost) { continue }
            found = (start, both)
        }
        return found
    }

    private func cuts(from starts: [[Int]]) -> [Int] {
        var cuts: [Int] = []
        var end = layers
        for start in starts.reversed() {
            end = start[end]
            cuts.append(end)
        }
        return cuts.reversed()
    }

    private func cost(of stage: Range<Int>, limit: Double) -> Cost? {
        let weight = prefix[stage.upperBound] - prefix[stage.lowerBound]
        return weight <= limit
            ? Cost(squaredWeights: weight * weight, squaredCounts: stage.count * stage.count) : nil
    }
}
