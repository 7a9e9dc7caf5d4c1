extension Partition {
    /// The cuts with the smallest maximum of the stages' weights.
    ///
    /// Among those, the smallest sum of squared stage weights; then of squared layer counts; then the earlier stages
    /// are the longer ones. Exact where the weights' sums are (integers below 2^53). `weights` holds one finite number
    /// ≥ 0 for each layer: parameters, FLOPs, seconds. Costs O(stages × layers²).
    ///
    /// Knows nothing but weights: `StepPlanner` in Scheduling, which knows schedule, links and memory, makes a step short.
    public static func balanced(weights: [Double], stages: Int) throws(PartitionError) -> Partition {
        try PartitionError.checkCounts(layers: weights.count, stages: stages)
        if let bad = weights.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
            throw PartitionError(
                "partition", expected: "a finite weight of at least 0 for layer \(bad)", got: "\(weights[bad])")
        }
        let sums = scaledSums(weights)
        let weight: CutTable.Cost = { sums[$1.upperBound] - sums[$1.lowerBound] }
        let table = CutTable(layers: weights.count, stages: stages)
        let heaviest = table.leastMaximum(cost: weight, floor: weight)?.price ?? .infinity
        let evenest = table.least(
            cost: { weight($0, $1) <= heaviest ? Unevenness(weight($0, $1), $1.count) : .forbidden },
            floor: { weight($0, $1) <= heaviest ? .none : .forbidden },
            combine: +, forbidden: .forbidden)
        return Partition(layers: weights.count, cuts: evenest.cuts)
    }

    /// Layer counts that differ by one at most; the earlier stages are the longer ones.
    public static func uniform(layers: Int, stages: Int) throws(PartitionError) -> Partition {
        try PartitionError.checkCounts(layers: layers, stages: stages)
        let (length, longer) = layers.quotientAndRemainder(dividingBy: stages)
        return Partition(layers: layers, cuts: (1..<stages).map { $0 * length + min($0, longer) })
    }

    /// The sums of the weights before each layer and behind the last. They are scaled by a power of two, which loses
    /// nothing and keeps their squares finite.
    private static func scaledSums(_ weights: [Double]) -> [Double] {
        let largest = weights.max() ?? 0
        let exponent = largest > 0 ? largest.exponent : 0
        return weights.reduce(into: [0]) { sums, weight in
            sums.append(sums[sums.count - 1] + Double(sign: .plus, exponent: -exponent, significand: weight))
        }
    }
}

/// Sums of squares over stages: of their weights, and, where these are equal, of their numbers of layers.
private struct Unevenness: Comparable {
    private var squaredWeights: Double
    private var squaredCounts: Int

    static let none = Unevenness(0, 0)
    static let forbidden = Unevenness(.infinity, 0)

    /// Of one stage.
    init(_ weight: Double, _ count: Int) {
        squaredWeights = weight * weight
        squaredCounts = count * count
    }

    static func < (a: Unevenness, b: Unevenness) -> Bool {
        a.squaredWeights != b.squaredWeights
            ? a.squaredWeights < b.squaredWeights : a.squaredCounts < b.squaredCounts
    }

    static func + (a: Unevenness, b: Unevenness) -> Unevenness {
        var sum = a
        sum.squaredWeights += b.squaredWeights
        sum.squaredCounts += b.squaredCounts
        return sum
    }
}
