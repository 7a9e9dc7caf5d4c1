/// Dynamic programmes over the ways to cut layers 0 ..< n into stages.
///
/// `cost` prices a stage, and is infinite where it may not be; `floor` is never above it and never falls as the stage
/// grows towards earlier layers, so that a search over its first layer can end early. Exact; costs at most
/// O(stages × layers²), and with a floor that is near the cost about O(layers²).
///
///     let table = CutTable(layers: 4, stages: 2)
///     let weight = { (_: Int, layers: Range<Int>) in weights[layers].reduce(0, +) }
///     let cuts = table.leastMaximum(cost: weight, floor: weight)?.cuts
package struct CutTable {
    /// The price of a stage, which is the stage's number, that holds these layers.
    package typealias Cost = (_ stage: Int, _ layers: Range<Int>) -> Double

    let layers: Int
    let stages: Int

    /// Which of several cuts with the same price are taken, the last cut first.
    package enum Ties {
        /// The latest: earlier stages are the longer ones.
        case latestCut
        case earliestCut
    }

    package init(layers: Int, stages: Int) {
        precondition(1 <= stages && stages <= layers, "\(stages) stages for \(layers) layers")
        self.layers = layers
        self.stages = stages
    }

    /// The cuts with the smallest maximum of the stages' costs, and that maximum; nil where no cuts are allowed.
    package func leastMaximum(cost: Cost, floor: Cost) -> (price: Double, cuts: [Int])? {
        let best = least(cost: cost, floor: floor, combine: { max($0, $1) }, forbidden: .infinity)
        return best.price < .infinity ? best : nil
    }

    /// The cuts whose stages' costs, each ≥ 0, have the least sum of squares among those where none is above `limit` by
    /// more than rounding: mostly the least maximum, and these are its evenest cuts.
    package func leastSquares(
        limit: Double, ties: Ties = .latestCut, cost: Cost, floor: Cost
    ) -> (price: Double, cuts: [Int])? {
        let limit = limit * (1 + 1e-12)
        func square(_ cost: Double) -> Double { cost <= limit ? cost * cost : .infinity }
        let best = least(
            cost: { square(cost($0, $1)) }, floor: { square(floor($0, $1)) }, combine: { $0 + $1 },
            forbidden: .infinity, ties: ties)
        return best.price < .infinity ? best : nil
    }

    /// The cuts with the least price, and that price.
    ///
    /// - Parameters:
    ///   - cost: the price of a stage, `forbidden` where it may not be.
    ///   - combine: the price of some stages and one more: never less than either, and no less for a higher price.
    ///   - forbidden: no price is above it.
    func least<Price: Comparable>(
        cost: (_ stage: Int, _ layers: Range<Int>) -> Price, floor: (_ stage: Int, _ layers: Range<Int>) -> Price,
        combine: (Price, Price) -> Price, forbidden: Price, ties: Ties = .latestCut
    ) -> (price: Price, cuts: [Int]) {
        let takesEqual = ties == .earliestCut
        /// Whether neither this price nor a higher one replaces the best.
        func isOver(_ price: Price, _ best: Price) -> Bool {
            takesEqual ? price > best || price >= forbidden : price >= best
        }
        /// By where they end: the least price of the first stages.
        var best = [Price](repeating: forbidden, count: layers + 1)
        for end in 1...layers { best[end] = cost(0, 0..<end) }
        var starts: [[Int]] = []
        for stage in 1..<max(stages, 1) {
            var next = [Price](repeating: forbidden, count: layers + 1)
            var start = [Int](repeating: 0, count: layers + 1)
            // The least price of a beginning that any earlier start leaves.
            var cheapest = best
            for index in 1...layers { cheapest[index] = min(cheapest[index - 1], best[index]) }
            for end in stride(from: stage + 1, through: layers, by: 1) {
                for first in stride(from: end - 1, through: stage, by: -1) {
                    let before = cheapest[first]
                    if isOver(before, next[end]) || isOver(combine(before, floor(stage, first..<end)), next[end]) {
                        break
                    }
                    let price = combine(best[first], cost(stage, first..<end))
                    if !isOver(price, next[end]) { (next[end], start[end]) = (price, first) }
                }
            }
            best = next
            starts.append(start)
        }
        return (best[layers], cuts(starts))
    }

    private func cuts(_ starts: [[Int]]) -> [Int] {
        var end = layers
        return starts.reversed().map { start in
            end = start[end]
            return end
        }.reversed()
    }
}
