import Planning
import Scheduling
import Tensors

/// A rank's lowered program, and what running it looks up for each operation.
struct ProgramWalk {
    let lowered: LoweredSchedule
    let operations: [Operation]
    /// By operation: the instruction it belongs to: itself, the next one (receives) or the last one (sends).
    let instructionOf: [Instruction]
    /// By operation, and for none behind the last: whether it sends nothing but quick tensors.
    let isQuickSend: [Bool]

    /// Tensors of up to so many bytes take so little to send that what is sent before may wait for them.
    static let quickBytes = 1 << 16

    init(_ lowered: LoweredSchedule, rank: Int, _ plan: TrainingPlan) {
        self.lowered = lowered
        operations = lowered.ranks[plan.placement.position(of: rank)].operations
        instructionOf = Self.instructions(of: operations)
        isQuickSend = Self.quickSends(of: operations, plan) + [false]
    }

    /// The micro-batch that an operation is for.
    func microBatch(_ index: Int) -> Int {
        switch operations[index] {
        case .receive(let message), .send(let message): message.microBatch
        case .compute(let instruction, _): instruction.microBatch
        case .reduce, .gather: instructionOf[index].microBatch
        }
    }

    private static func instructions(of program: [Operation]) -> [Instruction] {
        var result: [Instruction] = []
        var last = Instruction(.forward, stage: 0, microBatch: 0)
        for (index, operation) in program.enumerated() {
            switch operation {
            case .compute(let instruction, _): last = instruction
            case .receive:
                for case .compute(let instruction, _) in program[index...] {
                    last = instruction
                    break
                }
            case .send, .reduce, .gather: break
            }
            result.append(last)
        }
        return result
    }

    private static func quickSends(of program: [Operation], _ plan: TrainingPlan) -> [Bool] {
        program.map { operation in
            guard case .send(let message) = operation else { return false }
            let tensors = plan.tensors(ofEdge: message.edge, message.direction)
            return !tensors.isEmpty && tensors.allSatisfy { $0.byteCount <= quickBytes }
        }
    }
}
