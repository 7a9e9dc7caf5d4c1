import Checkpoints
import Datasets
import Glibc
import Manifests
import Notation
import Optimizers
import Reports
import Systems
import Tensors
import Transport

/// What a process of ours exits with.
public enum ExitCode: Int32, Sendable {
    case done = 0
    /// Bad input: trying again is useless.
    case badInput = 64
    /// The training diverged: a loss or gradient was no number any more. Trying again is useless.
    case diverged = 65
    /// What only we can cause.
    case bug = 70
    /// Lost a peer, was asked to stop, or lacked a resource of the machine: trying again is sensible.
    case interrupted = 75
    /// Whoever read the output left; what a shell shows for SIGPIPE.
    case closedPipe = 141
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
    package init(wrapping error: any Error) {
        switch error {
        case let failure as RunFailure: self = failure
        case let error as SystemError: self.init(error.isLacking ? .interrupted : .badInput, "\(error)")
        case let error as TransportError:
            self.init(error.code, "\(error)", isConsequence: error.isConsequence)
        // Settings are checked before a run: in one, a loss scale fell as low as it may.
        case is OptimizerError: self.init(.diverged, "\(error)")
        case CheckpointError.space, DatasetError.thread: self.init(.interrupted, "\(error)")
        case is DatasetError, is CheckpointError, is TensorError, is ManifestError, is ReportError:
            self = .badInput("\(error)")
        default: self.init(.bug, "\(error)")
        }
    }
}

extension TransportError {
    fileprivate var code: ExitCode {
        switch self {
        case .address, .refused, .descriptors, .system(_, code: EADDRINUSE), .system(_, code: EACCES),
            .system(_, code: EADDRNOTAVAIL):
            .badInput
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
        RunFailure(ExitCode(rawValue: Int32(clamping: wire.magnitude)) ?? .bug, message, isConsequence: wire < 0)
    }
}
