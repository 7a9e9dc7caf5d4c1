import Layers
package import Models
package import Scheduling
package import Tensors

/// What ranks exchange at the end of each step: the gradients of parameters that are one tensor and live on several ranks.
extension TrainingPlan {
    /// One member of a tie, and where it lives.
    package struct TiedParameter: Hashable, Sendable {
        /// Its node, and its place among the node's parameters.
        package var member: Tie.Member
        package var stage: Int
        /// The rank that owns the stage, in each replica.
        package var position: Int
    }

    /// The members of a tie, in its order.
    package func members(of tie: Tie) -> [TiedParameter] {
        Self.members(of: tie, layout, schedule)
    }

    /// What each member's gradient is.
    /// - Parameter model: a shard's, where there are several; nil: the first one's, which is as large as any.
    package func spec(of tie: Tie, _ model: ModelGraph? = nil) -> TensorSpec {
        let first = tie.members[0]
        return TensorSpec((model ?? shardModel).nodes[first.node].layer.parameters[first.parameter].shape)
    }

    /// Gradients of ties travel in pieces of so many bytes, so that neither side holds a second one whole.
    private static let tiedPieceBytes = 4 << 20

    /// The elements of each piece of a tie's gradient, in the order in which they travel.
    package func pieces(of tie: Tie, _ model: ModelGraph? = nil) -> [Range<Int>] {
        let spec = spec(of: tie, model)
        let most = Self.tiedPieceBytes / spec.dtype.size
        return stride(from: 0, to: spec.shape.count, by: most).map { $0..<min($0 + most, spec.shape.count) }
    }

    /// Of the ties whose members live on several ranks: the bytes of the largest piece that passes this link; 0 where none does.
    package func tiedPayload(on link: Link) -> Int {
        model.ties.filter { Self.exchanges(of: $0, model, layout, schedule).contains(link) }
            .map { min(spec(of: $0).byteCount, Self.tiedPieceBytes) }.max() ?? 0
    }

    /// The most messages of one tie that a link carries for each piece.
    package var tiedMessages: Int { model.ties.map(\.members.count).max() ?? 0 }

    /// The pairs of positions between which gradients of ties travel.
    static func exchanges(_ model: ModelGraph, _ layout: PipelineLayout, _ schedule: Schedule) -> [Link] {
        model.ties.flatMap { exchanges(of: $0, model, layout, schedule) }
    }

    private static func exchanges(
        of tie: Tie, _ model: ModelGraph, _ layout: PipelineLayout, _ schedule: Schedule
    ) -> [Link] {
        guard model.isTrained(tie) else { return [] }
        let positions = Set(members(of: tie, layout, schedule).map(\.position)).sorted()
        return positions.flatMap { from in positions.filter { $0 != from }.map { Link(from: from, to: $0) } }
    }

    private static func members(of tie: Tie, _ layout: PipelineLayout, _ schedule: Schedule) -> [TiedParameter] {
        tie.members.compactMap { member in
            layout.stages.first { $0.nodes.contains(member.node) }.map {
                TiedParameter(member: member, stage: $0.index, position: schedule.rankOfStage[$0.index])
            }
        }
    }
}
