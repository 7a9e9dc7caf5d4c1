import Models
package import Scheduling
package import Tensors
package import Transport

extension TrainingPlan {
    /// What the message of an edge carries, frame by frame.
    package func tensors(ofEdge edge: Int, _ direction: Message.Direction) -> [TensorSpec] {
        if edge == targetsEdge { return [TargetsMessage.spec(model.targets)] }
        let crossing = layout.crossings[edge]
        switch direction {
        case .forward:
            let documents = carriesDocuments(edge) ? documents.map { [$0] } ?? [] : []
            return crossing.values.map { model.values[$0].spec } + documents
        case .backward: return crossing.gradients.map { model.values[$0.value].spec }
        }
    }

    package func frameKind(_ message: Message) -> FrameKind {
        switch (edges[message.edge].kind, message.direction) {
        case (.targets, _): .targets
        case (.boundary, .forward): .activation
        case (.boundary, .backward): .gradient
        case (.portal, .forward): .portal
        case (.portal, .backward): .portalGradient
        }
    }
}
