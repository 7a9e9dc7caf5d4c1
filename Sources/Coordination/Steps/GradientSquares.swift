import Layers
import Manifests
import Models
import Planning
import Runs
import Scheduling

/// Puts the parts of the gradient norm together: each node's sum first, then those of all nodes, in the model's order, so
/// that it depends neither on the partition nor on the number of replicas.
struct GradientSquares: Sendable {
    /// By node that has parameters, by shard: the ranks whose numbers are to be added, one for each.
    private let ranksOfNodes: [[[Int]]]

    init(_ plan: TrainingPlan) throws(RunFailure) {
        let models = try (0..<plan.manifest.tensor).map { shard throws(RunFailure) in try plan.model(ofShard: shard) }
        let placement = plan.placement
        ranksOfNodes = plan.layout.stages.flatMap { stage -> [[[Int]]] in
            let nodes = stage.nodes.filter { !plan.model.nodes[$0].layer.parameters.isEmpty }
            guard plan.addsReplicas else {
                // One replica has added its nodes' blocks itself.
                return nodes.map { _ in models.indices.map { [placement.rank(ofStage: stage.index, shard: $0)] } }
            }
            let blocks = models.map { model in
                Dictionary(grouping: plan.gradientBlocks(ofStage: stage.index, model).filter(\.isCounted), by: \.node)
            }
            return nodes.map { node in
                blocks.enumerated().map { shard, blocks in
                    (blocks[node] ?? []).map {
                        placement.rank(ofStage: stage.index, replica: $0.owner, shard: shard)
                    }
                }
            }
        }
    }

    /// - Parameter squares: by rank.
    func total(_ squares: [Int: [Double]]) -> Double {
        var cursor = squares.mapValues { $0[...] }
        var total = 0.0
        for shards in ranksOfNodes {
            var sum = 0.0
            for ranks in shards {
                var part = 0.0
                for rank in ranks { part += cursor[rank]?.popFirst() ?? .nan }
                sum += part
            }
            total += sum
        }
        return total
    }
}

extension Placement {
    /// Σ over all replicas and lanes, in their order, of as many parts as each lane has; nil where no rank has any.
    /// - Parameter sums: by rank: part by part, and in each lane by lane.
    func lossSum(_ sums: [Int: [Double]], lanes: Int) -> Double? {
        let last = (0..<replicas).compactMap { sums[rank(ofStage: stageCount - 1, replica: $0)] }
        guard let first = last.first, !first.isEmpty else { return nil }
        var sum = 0.0
        for part in stride(from: 0, to: first.count, by: lanes) {
            for own in last { for lane in own.dropFirst(part).prefix(lanes) { sum += lane } }
        }
        return sum
    }
}
