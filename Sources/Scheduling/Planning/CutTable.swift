/// Dynamic programmes over the ways to cut layers 0 ..< n into stages.
///
/// `cost` prices a stage, and is infinite where it may not be; `floor` is never above it and never falls as the stage
/// grows towards earlier layers, so that a search over its first layer can end early. Exact; costs at most
/// O(stages × layers²), and with a floor that is near the cost about O(layers²).
package struct CutTable {
    let layers: Int
    let stages: Int

    package init(layers: Int, stages: Int) {
        precondition(1 <= stages && stages <= layers, "\(stages) stages for \(layers) layers")
        self.layers = layers
        self.stages = stages
    }

    /// The cuts with the smallest maximum of the stages' costs, and that maximum; nil where no cuts are allowed.
    package func leastMaximum(
        cost: (_ stage: Int, _ layers: Range<Int>) -> Double, floor: (_ stage: Int, _ layers: Range<Int>) -> Double
    ) -> (price: Double, cuts: [Int])? {
        solve(cost: cost) {
            $0 >= $1 || floor($2, $3) >= $1
        } combine: {
            max($0, $1)
        }
    }

    /// The cuts whose stages' costs have the least sum.
    package func leastSum(
        cost: (_ stage: Int, _ layers: Range<Int>) -> Double, floor: (_ stage: Int, _ layers: Range<Int>) -> Double
    ) -> (price: Double, cuts: [Int])? {
        solve(cost: cost) {
            $0 + floor($2, $3) >= $1
        } combine: {
            $0 + $1
        }
    }

    private func solve(
        cost: (Int, Range<Int>) -> Double,
        isOver: (_ before: Double, _ best: Double, _ stage: Int, _ layers: Range<Int>) -> Bool,
        combine: (Double, Double) -> Double
    ) -> (price: Double, cuts: [Int])? {
        var best = [Double](repeating: .infinity, count: layers + 1)
        for end in 1...layers { best[end] = cost(0, 0..<end) }
        var starts: [[Int]] = []
        for stage in 1..<max(stages, 1) {
            var next = [Double](repeating: .infinity, count: layers + 1)
            var start = [Int](repeating: 0, count: layers + 1)
            // The least cost of a beginning that any earlier start leaves.
            var cheapest = best
            for index in 1...layers { cheapest[index] = min(cheapest[index - 1], best[index]) }
            for end in stride(from: stage + 1, through: layers, by: 1) {
                for first in stride(from: end - 1, through: stage, by: -1) {
                    if isOver(cheapest[first], next[end], stage, first..<end) { break }
                    let price = combine(best[first], cost(stage, first..<end))
                    if price < next[end] { (next[end], start[end]) = (price, first) }
                }
            }
            best = next
            starts.append(start)
        }
        return best[layers] < .infinity ? (best[layers], cuts(starts)) : nil
    }

    private func cuts(_ starts: [[Int]]) -> [Int] {
        var end = layers
        return starts.reversed().map { start in
            end = start[end]
            return end
        }.reversed()
    }
}
