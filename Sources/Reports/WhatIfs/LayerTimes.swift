import Partitioning
import Runs
import Scheduling

/// What each layer of the model takes: its share, by cost, of what its stage takes.
struct LayerTimes {
    /// By layer, in model order: a share of its stage.
    private let shares: [Double]
    private let stageOfLayer: [Int]
    private let stages: [Scenario.StageTime]
    /// Index in the model of the first layer.
    private let first: Int

    /// More layers than this are not searched for the best cuts.
    static let limit = 2_048

    /// nil where a stage has no layers, their costs are no numbers, or they do not follow each other.
    init?(_ description: RunDescription, _ scenario: Scenario) {
        var shares: [Double] = []
        var stageOfLayer: [Int] = []
        var next = description.stages.first?.firstLayer ?? 0
        first = next
        for (index, stage) in description.stages.enumerated() {
            let costs = stage.layerCosts ?? stage.layers.map { _ in 1 }
            let total = costs.reduce(0, +)
            guard total > 0, total.isFinite, stage.firstLayer == next, costs.allSatisfy({ $0 >= 0 }) else { return nil }
            shares += costs.map { $0 / total }
            stageOfLayer += costs.map { _ in index }
            let (end, overflow) = next.addingReportingOverflow(costs.count)
            guard !overflow else { return nil }
            next = end
        }
        guard shares.count <= Self.limit, scenario.stages.count == description.stages.count else { return nil }
        self.shares = shares
        self.stageOfLayer = stageOfLayer
        stages = scenario.stages
    }

    var count: Int { shares.count }

    /// As a planner takes them, in seconds.
    var costs: [LayerCost] {
        zip(shares, stageOfLayer).map { share, stage in
            func seconds(_ nanoseconds: Int64) -> Double { share * Double(max(0, nanoseconds)) / 1e9 }
            let time = stages[stage]
            return LayerCost(
                forward: seconds(time.forward), inputGradient: seconds(time.backwardInput),
                weightGradient: seconds(time.backwardWeight), backward: seconds(time.backward),
                recomputation: seconds(time.recompute))
        }
    }

    /// By stage: how many layers it has in the run.
    var layersOfStage: [Int] { stages.indices.map { stage in stageOfLayer.count { $0 == stage } } }

    /// The index in the model of a layer that is counted from the first stage's first.
    func index(of layer: Int) -> Int { layer + first }

    /// Nanoseconds of a micro-batch through each layer.
    var totals: [Double] { zip(shares, stageOfLayer).map { $0 * Double(stages[$1].total) } }

    /// The first layer of each stage but the first, as indexes in the model.
    var presentCuts: [Int] {
        stageOfLayer.indices.dropFirst().filter { stageOfLayer[$0] != stageOfLayer[$0 - 1] }.map { $0 + first }
    }

    /// The cuts whose slowest stage is as fast as any cuts' can be; of these, the evenest; of these, the earliest.
    ///
    /// `Partition.balanced` differs where cuts are equally good: these are measured times, equal as far as rounding goes.
    func bestCuts() -> [Int] {
        let sums = totals.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let time: CutTable.Cost = { sums[$1.upperBound] - sums[$1.lowerBound] }
        let table = CutTable(layers: shares.count, stages: stages.count)
        guard let slowest = table.leastMaximum(cost: time, floor: time),
            let even = table.leastSquares(limit: slowest.price, ties: .earliestCut, cost: time, floor: time)
        else { return presentCuts }
        return even.cuts.map { $0 + first }
    }

    /// What the stages would take with other cuts.
    func stageTimes(cuts: [Int]) -> [Scenario.StageTime] {
        Partition.stages(cuts: cuts.map { $0 - first }, layers: shares.count).map { layers in
            func sum(_ part: (Scenario.StageTime) -> Int64) -> Int64 {
                Int64(
                    saturating: layers.reduce(0) { $0 + shares[$1] * Double(part(stages[stageOfLayer[$1]])) })
            }
            return Scenario.StageTime(
                forward: sum(\.forward), backward: sum(\.backward), backwardInput: sum(\.backwardInput),
                backwardWeight: sum(\.backwardWeight), recompute: sum(\.recompute))
        }
    }
}
