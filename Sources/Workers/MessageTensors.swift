import Models
import Planning
import Scheduling
import Stages
import Tensors

/// The tensors that each message carries at either end, by edge, direction and slot; looked up once, before the first step.
struct MessageTensors {
    /// [edge][slot] → tensors, one frame each.
    private(set) var forwardOut: [Int: [[Tensor]]] = [:]
    private(set) var forwardIn: [Int: [[Tensor]]] = [:]
    private(set) var backwardOut: [Int: [[Tensor]]] = [:]
    private(set) var backwardIn: [Int: [[Tensor]]] = [:]

    /// By receiving stage: the edges whose both ends are this rank's, and which no message travels.
    private(set) var localEdges: [Int: [Int]] = [:]

    init(_ plan: TrainingPlan, executors: [Int: StageExecutor], feed: DataFeed?) {
        for (edge, crossing) in plan.layout.crossings.enumerated() {
            if let sender = executors[crossing.from] {
                let slots = 0..<plan.lowered.slotCount[crossing.from]
                forwardOut[edge] = slots.map { slot in
                    crossing.values.map { sender.tensor(sender.program.values[$0]!, slot) }
                }
                backwardIn[edge] = slots.map { slot in
                    crossing.gradients.map { sender.tensor(sender.program.received[$0]!, slot) }
                }
            }
            if let receiver = executors[crossing.to] {
                let slots = 0..<plan.lowered.slotCount[crossing.to]
                forwardIn[edge] = slots.map { slot in
                    crossing.values.map { receiver.tensor(receiver.program.values[$0]!, slot) }
                }
                backwardOut[edge] = slots.map { slot in
                    crossing.gradients.map { receiver.tensor(receiver.program.sent[$0]!, slot) }
                }
            }
        }
        for (edge, ends) in plan.edges.enumerated() where executors[ends.from] != nil && executors[ends.to] != nil {
            localEdges[ends.to, default: []].append(edge)
        }
        guard let edge = plan.targetsEdge else { return }
        if let feed { forwardOut[edge] = feed.targets.map { [$0.tensor] } }
        if let last = executors[plan.edges[edge].to] { forwardIn[edge] = last.targets.map { [$0.tensor] } }
    }

    func outgoing(_ message: Message, slot: Int) -> [Tensor] {
        (message.direction == .forward ? forwardOut : backwardOut)[message.edge]?[slot] ?? []
    }

    func incoming(_ message: Message, slot: Int) -> [Tensor] {
        (message.direction == .forward ? forwardIn : backwardIn)[message.edge]?[slot] ?? []
    }
}
