import Layers
import Manifests
import Models
import Planning
import Scheduling
import Stages
import Tensors

extension TrainingPlan {
    /// What a rank updates of one of its stages; nil: all.
    func ownedElements(ofStage stage: Int, rank: Int) -> OwnedElements? {
        guard sharesOptimizerState else { return nil }
        let nodes = layout.stages[stage].nodes
        return OwnedElements(
            gradientBlocks(ofStage: stage), replica: placement.replica(of: rank), nodes: nodes,
            parameters: nodes.map { model.nodes[$0].layer.parameters.count })
    }

    /// The elements of each piece of a tie's gradient that a replica exchanges with the tie's other members: those that it
    /// updates, where replicas share that out.
    func pieces(of tie: Tie, replica: Int, _ model: ModelGraph?) -> [Range<Int>] {
        guard sharesOptimizerState else { return pieces(of: tie, model) }
        let blocks = GradientBlock.ranges(of: spec(of: tie).shape.count)
        return blocks.enumerated().filter { $0.offset % manifest.replicas == replica }.map(\.element)
    }
}
