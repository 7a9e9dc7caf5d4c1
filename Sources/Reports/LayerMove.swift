import Partitioning
import Runs

/// Some layers at a stage's edge, moved to the stage beside it.
struct LayerMove {
    var layers: ArraySlice<String>
    /// The place in the model of the first of them.
    var firstLayer: Int
    var from: Int
    var to: Int
    /// Time of the slower of the two stages before and after.
    var before: Double
    var after: Double

    /// The move that helps the stage most; nil where none makes it at least one percent faster.
    ///
    /// A layer is taken to cost its share of its stage's time, by the stage's layer costs.
    /// - Parameter times: of one micro-batch through each stage.
    static func best(from stage: Int, stages: [StageDescription], times: [Double]) -> LayerMove? {
        guard stages.indices.contains(stage), stages.count == times.count else { return nil }
        let own = stages[stage]
        let costs = own.layerCosts ?? own.layers.map { _ in 1 }
        let total = costs.reduce(0, +)
        guard total > 0, total.isFinite, own.layers.count > 1 else { return nil }
        var best: LayerMove?
        for to in [stage - 1, stage + 1] where stages.indices.contains(to) {
            for count in 1..<own.layers.count {
                let range = to < stage ? 0..<count : own.layers.count - count..<own.layers.count
                let moved = costs[range].reduce(0, +) / total * times[stage]
                let after = max(times[stage] - moved, times[to] + moved)
                guard after < (best?.after ?? times[stage] * 0.99) else { continue }
                best = LayerMove(
                    layers: own.layers[range], firstLayer: own.firstLayer + range.lowerBound, from: stage, to: to,
                    before: times[stage], after: after)
            }
        }
        return best
    }

    /// `move layer 7 (linear) from stage 2 to stage 1`
    func title(_ names: LayerNames) -> String {
        let what =
            names.text(firstLayer..<firstLayer + layers.count) + (layers.count == 1 ? " (\(layers.first ?? ""))" : "")
        return "move \(what) from stage \(from) to stage \(to)"
    }

    /// The cuts after the move; nil where there is no cut between the two stages.
    func cuts(from present: [Int]) -> [Int]? {
        let cut = min(from, to)
        guard present.indices.contains(cut) else { return nil }
        var cuts = present
        cuts[cut] = to < from ? firstLayer + layers.count : firstLayer
        return cuts
    }
}
