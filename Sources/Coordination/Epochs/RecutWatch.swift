import Manifests
import Models
import Partitioning
package import Planning
import Scheduling

/// Notices that a device has become slower, or faster again, and says where layers should be cut then. Pure: told how long
/// each rank computed in a step, it says what follows.
///
/// A rank's time when the run began is shared out among its layers by what they cost. From then on a device's factor is its
/// time over that of its layers; the cuts are those that make the slowest rank's time least, with each device's factor.
package struct RecutWatch {
    private let after: Int
    private let costs: [Double]
    private let rankOfStage: [Int]
    private var stages: [Range<Int>]
    /// Seconds of each layer on a device as it was when the run began.
    private var seconds: [Double]?
    /// By rank, as it was when the cuts were made.
    private var factors: [Double]
    /// Whether better cuts are further away than a layer can move at once.
    private var isUnderway = false
    private var steps: [[Double]] = []
    /// The first steps of an epoch take longer.
    private var warmUp = Self.warmUpSteps

    private static let warmUpSteps = 2
    /// What counts as slower: noise stays below it.
    private static let change = 1.15
    /// What a move has to bring.
    private static let gain = 0.95

    /// nil where the run does not move layers.
    package init?(_ plan: TrainingPlan) {
        guard let rule = plan.manifest.recut, plan.placement.rankCount > 1 else { return nil }
        after = rule.after
        costs = plan.entryCosts()
        rankOfStage = plan.layout.stages.map { plan.placement.rank(ofStage: $0.index) }
        stages = plan.layout.stages.map(\.entries)
        factors = Array(repeating: 1, count: plan.placement.rankCount)
    }

    /// The run goes on with these cuts.
    package mutating func begin(_ plan: TrainingPlan) {
        stages = plan.layout.stages.map(\.entries)
        steps = []
        warmUp = Self.warmUpSteps
    }

    /// - Parameter busy: seconds that each rank computed in a step.
    /// - Returns: cuts to go on with.
    package mutating func add(busy: [Double]) -> [Int]? {
        guard busy.count == factors.count, busy.allSatisfy({ $0.isFinite && $0 > 0 }) else { return nil }
        guard warmUp == 0 else {
            warmUp -= 1
            return nil
        }
        steps = steps.suffix(after - 1) + [busy]
        guard steps.count == after else { return nil }
        guard let seconds else {
            self.seconds = share(out: median)
            return nil
        }
        let usual = loads(stages, seconds, factors.map { _ in 1 })
        let ratios = steps.map { step in zip(step, usual).map { $0 / $1 } }
        let hasChanged = factors.indices.contains { rank in
            ratios.allSatisfy { $0[rank] > factors[rank] * Self.change }
                || ratios.allSatisfy { $0[rank] < factors[rank] / Self.change }
        }
        guard hasChanged || isUnderway else { return nil }
        let now = zip(median, usual).map { $0 / $1 }
        factors = now
        steps = []
        let cuts = leastCuts(seconds, near: true)
        let all = leastCuts(seconds, near: false)
        let (old, new) = (worst(stages), worst(Partition.stages(cuts: cuts, layers: costs.count)))
        isUnderway = worst(Partition.stages(cuts: all, layers: costs.count)) < new * Self.gain
        guard new < old * Self.gain else { return nil }
        return cuts
    }

    /// By rank, over the newest steps.
    private var median: [Double] {
        factors.indices.map { rank in steps.map { $0[rank] }.sorted()[steps.count / 2] }
    }

    /// Seconds of each layer, from those of each rank.
    private func share(out busy: [Double]) -> [Double] {
        let usual = loads(stages, costs, factors.map { _ in 1 })
        var seconds = costs
        for (stage, layers) in stages.enumerated() {
            let rank = rankOfStage[stage]
            for layer in layers { seconds[layer] = costs[layer] * busy[rank] / max(usual[rank], .leastNormalMagnitude) }
        }
        return seconds
    }

    private func loads(_ stages: [Range<Int>], _ seconds: [Double], _ factors: [Double]) -> [Double] {
        var loads = [Double](repeating: 0, count: factors.count)
        for (stage, layers) in stages.enumerated() {
            let rank = rankOfStage[stage]
            loads[rank] += seconds[layers].reduce(0, +) * factors[rank]
        }
        return loads
    }

    private func worst(_ stages: [Range<Int>]) -> Double { loads(stages, seconds ?? costs, factors).max() ?? 0 }

    /// - Parameter near: whether a layer goes no further than to the next stage, since its state passes one link.
    private func leastCuts(_ seconds: [Double], near: Bool) -> [Int] {
        let sums = seconds.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1) }
        func cost(_ stage: Int, _ layers: Range<Int>) -> Double {
            let lowest = near && stage > 0 ? stages[stage - 1].lowerBound : 0
            let highest = near && stage + 1 < stages.count ? stages[stage + 1].upperBound : costs.count
            guard layers.lowerBound >= lowest, layers.upperBound <= highest else { return .infinity }
            return (sums[layers.upperBound] - sums[layers.lowerBound]) * factors[rankOfStage[stage]]
        }
        let table = CutTable(layers: costs.count, stages: stages.count)
        guard let least = table.leastMaximum(cost: cost, floor: { _, _ in 0 }) else {
            return stages.dropFirst().map(\.lowerBound)
        }
        return table.leastSquares(limit: least.price, cost: cost, floor: { _, _ in 0 })?.cuts ?? least.cuts
    }
}
