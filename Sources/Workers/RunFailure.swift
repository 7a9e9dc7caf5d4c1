/// What a process of ours exits with.
public enum ExitCode: Int32, Sendable {
    case done = 0
    /// Bad input: trying again is useless.
    case badInput = 64
    /// A bug of ours.
    case bug = 70
    /// Lost a peer or was asked to stop: trying again is sensible.
    case interrupted = 75
}

/// Why a run, or one worker's part of it, ended early: one message for the user, and the exit code that goes with it.
public struct RunFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: ExitCode
    public var message: String

    public init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func badInput(_ error: some Error) -> RunFailure { RunFailure(.badInput, "\(error)") }
    public static func badInput(_ message: String) -> RunFailure { RunFailure(.badInput, message) }

    public var description: String { message }
}
