import Checkpoints
import Datasets
import Tensors
import Transport

/// What a process of ours exits with.
public enum ExitCode: Int32, Sendable {
    case done = 0
    /// Bad input: trying again is useless.
    case badInput = 64
    /// The loss or a gradient is not finite: trying again with the same settings is useless.
    case diverged = 65
    /// A bug of ours.
    case bug = 70
    /// Lost a peer or was asked to stop: trying again is sensible.
    case interrupted = 75
}

/// Why a run, or one worker's part of it, ended early: one message for the user, and the exit code that goes with it.
public struct RunFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: ExitCode
    public var message: String
    /// The cause is elsewhere: another rank or the coordinator has the better story to tell.
    public var isConsequence = false

    public init(_ code: ExitCode, _ message: String, isConsequence: Bool = false) {
        self.code = code
        self.message = message
        self.isConsequence = isConsequence
    }

    public static func badInput(_ error: some Error) -> RunFailure { RunFailure(.badInput, "\(error)") }
    public static func badInput(_ message: String) -> RunFailure { RunFailure(.badInput, message) }

    public var description: String { message }
}

extension RunFailure {
    /// Sorts an error of any room by whose fault it is.
    init(wrapping error: any Error) {
        switch error {
        case let failure as RunFailure: self = failure
        case let error as TransportError:
            self.init(error.code, "\(error)", isConsequence: error.isConsequence)
        case is DatasetError, is CheckpointError, is TensorError: self = .badInput("\(error)")
        default: self.init(.bug, "\(error)")
        }
    }
}

extension TransportError {
    fileprivate var code: ExitCode {
        switch self {
        case .address, .refused: .badInput
        case .mismatch, .malformed, .violation, .links: .bug
        default: .interrupted
        }
    }
}

/// An exit code on its way to the coordinator: negative where the cause is elsewhere.
enum WireCode {
    static func encode(_ code: ExitCode, isConsequence: Bool) -> Int32 {
        isConsequence ? -code.rawValue : code.rawValue
    }

    static func decode(_ wire: Int32, _ message: String) -> RunFailure {
        RunFailure(ExitCode(rawValue: abs(wire)) ?? .bug, message, isConsequence: wire < 0)
    }
}
