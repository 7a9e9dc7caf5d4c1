import Models
import Planning
import Scheduling
import Stages
import Tensors

/// The tensors that each message carries at either end, by edge, direction and slot; looked up once, before the first step.
struct MessageTensors {
    /// [edge][length][slot] → tensors, one frame each.
    private(set) var forwardOut: [Int: [[[Tensor]]]] = [:]
    private(set) var forwardIn: [Int: [[[Tensor]]]] = [:]
    private(set) var backwardOut: [Int: [[[Tensor]]]] = [:]
    private(set) var backwardIn: [Int: [[[Tensor]]]] = [:]

    /// By receiving stage: the edges whose both ends are this rank's, and which no message travels.
    private(set) var localEdges: [Int: [Int]] = [:]

    init(_ plan: TrainingPlan, executors: [Int: StageExecutor], feed: DataFeed?) {
        for (edge, crossing) in plan.layout.crossings.enumerated() {
            if let sender = executors[crossing.from] {
                let slots = plan.slotCount(ofStage: crossing.from)
                forwardOut[edge] = Self.tensors(sender, slots) { program in
                    crossing.values.map { program.values[$0]! }
                }
                backwardIn[edge] = Self.tensors(sender, slots) { program in
                    crossing.gradients.compactMap { program.received[$0] }
                }
            }
            if let receiver = executors[crossing.to] {
                let slots = plan.slotCount(ofStage: crossing.to)
                forwardIn[edge] = Self.tensors(receiver, slots) { program in
                    crossing.values.map { program.values[$0]! }
                }
                backwardOut[edge] = Self.tensors(receiver, slots) { program in
                    crossing.gradients.compactMap { program.sent[$0] }
                }
            }
        }
        for (edge, ends) in plan.edges.enumerated() where executors[ends.from] != nil && executors[ends.to] != nil {
            localEdges[ends.to, default: []].append(edge)
        }
        guard let edge = plan.targetsEdge else { return }
        if let feed { forwardOut[edge] = feed.targets.map { $0.map { [$0.tensor] } } }
        if let last = executors[plan.edges[edge].to] {
            forwardIn[edge] = (0..<last.lengthCount).map { last.targets(ofLength: $0).map { [$0.tensor] } }
        }
    }

    private static func tensors(
        _ executor: StageExecutor, _ slots: Int, _ places: (StageProgram) -> [StageProgram.Place]
    ) -> [[[Tensor]]] {
        (0..<executor.lengthCount).map { length in
            let places = places(executor.program(ofLength: length))
            return (0..<slots).map { slot in places.map { executor.tensor($0, slot) } }
        }
    }

    func outgoing(_ message: Message, length: Int, slot: Int) -> [Tensor] {
        (message.direction == .forward ? forwardOut : backwardOut)[message.edge]?[length][slot] ?? []
    }

    /// By length: the message's tensors in that slot.
    func incoming(_ message: Message, slot: Int) -> [[Tensor]] {
        (message.direction == .forward ? forwardIn : backwardIn)[message.edge]?.map { $0[slot] } ?? []
    }
}
