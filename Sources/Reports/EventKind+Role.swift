import Runs
import Scheduling

extension EventKind {
    /// What an event's time is in a rank's row, and what it counts as.
    var role: (Activity.Kind, Category) {
        switch self {
        case .forward: (.work, .forward)
        case .backward: (.work, .backward)
        case .backwardInput: (.work, .backwardInput)
        case .backwardWeight: (.work, .backwardWeight)
        case .recompute: (.work, .recompute)
        case .optimizer: (.work, .optimizer)
        case .gradientSync, .replicaSync: (.sync, .gradientSync)
        case .dataWait: (.dataWait, .dataWait)
        case .receiveWait: (.receive, .transfer)
        case .sendWait: (.sendWait, .backPressure)
        case .handOver: (.handOver, .transfer)
        case .takeOver: (.receive, .transfer)
        case .report: (.gap, .reporting)
        // Left out of timelines: nothing of a step lies there.
        case .evaluation, .checkpoint: (.gap, .unattributed)
        }
    }

    /// The kind of event that logs a pass.
    init(_ pass: Pass) {
        switch pass {
        case .forward: self = .forward
        case .backward: self = .backward
        case .backwardInput: self = .backwardInput
        case .backwardWeight: self = .backwardWeight
        }
    }

    /// A pass of an instruction.
    var isPass: Bool {
        switch self {
        case .forward, .backward, .backwardInput, .backwardWeight: true
        default: false
        }
    }
}

extension Instruction {
    /// The stage beside its own whose message it waits for, unless that is none of the pipeline's; nil for W, which waits
    /// for none.
    var awaitedStage: Int? {
        switch pass {
        case .forward: stage - 1
        case .backward, .backwardInput: stage + 1
        case .backwardWeight: nil
        }
    }
}
