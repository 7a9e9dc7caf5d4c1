package import Planning
package import Scheduling
package import Transport

/// Which instruction a message comes from: what people look for in a schedule's grid.
package struct InstructionNames: Sendable {
    private let edges: [Edge]
    private let splits: [Bool]

    package init(_ plan: TrainingPlan) {
        edges = plan.edges
        splits = plan.placement.stageIndices.map { plan.lowered.splitsBackward(stage: $0) }
    }

    /// nil where it comes from none, as a tied parameter's gradient, or the numbers are no message's.
    package func sender(of message: MessageName) -> Instruction? {
        guard edges.indices.contains(message.edge), (0...Int(Int32.max)).contains(message.microBatch) else {
            return nil
        }
        let edge = edges[message.edge]
        switch message.kind {
        case .activation, .targets, .portal:
            return Instruction(.forward, stage: edge.from, microBatch: message.microBatch)
        case .gradient, .portalGradient:
            let pass: Pass = splits.indices.contains(edge.to) && splits[edge.to] ? .backwardInput : .backward
            return Instruction(pass, stage: edge.to, microBatch: message.microBatch)
        case .tie, .reduction, .state, .credit, .goodbye: return nil
        }
    }

    /// `1B3`, `0F3 (portal)`, `the gradient of tie 0`
    package func text(of message: MessageName) -> String {
        guard let sender = sender(of: message) else {
            switch message.kind {
            case .tie: return "the gradient of tie \(message.edge)"
            case .state: return "a copy of a state"
            default: return "\(message.kind) of micro-batch \(message.microBatch)"
            }
        }
        switch message.kind {
        case .activation, .gradient: return "\(sender)"
        default: return "\(sender) (\(message.kind))"
        }
    }
}

extension Placement {
    fileprivate var stageIndices: Range<Int> { 0..<stageCount }
}
