import Glibc
public import Systems

/// Why a run, or one worker's part of it, ended early: one message for the user, and the exit code that goes with it.
public struct RunFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the process exits with.
    public var code: ExitCode
    /// What the user reads, without the program's name in front.
    public var message: String
    /// Secondary: the root cause was reported by another rank or the coordinator.
    public var isConsequence = false

    /// A failure that is its own cause unless told.
    public init(_ code: ExitCode, _ message: String, isConsequence: Bool = false) {
        self.code = code
        self.message = message
        self.isConsequence = isConsequence
    }

    /// A user's mistake, in the words of the error that found it.
    public static func badInput(_ error: some Error) -> RunFailure { RunFailure(.badInput, "\(error)") }
    /// A user's mistake, in the given words.
    public static func badInput(_ message: String) -> RunFailure { RunFailure(.badInput, message) }

    public var description: String { message }
}

extension RunFailure {
    /// Classifies an error of any room: bad input, interruption, or a bug.
    package init(wrapping error: any Error) {
        switch error {
        case let failure as RunFailure: self = failure
        case let error as any ExitCoded:
            self.init(error.exitCode, "\(error)", isConsequence: error.isConsequence)
        default: self.init(.bug, "\(error)")
        }
    }
}

extension RunFailure {
    /// Ends the program: prints `PROGRAM: message` on standard error, and exits with the error's code. For the last lines of
    /// a `main`.
    public static func exit(reporting error: any Error) -> Never {
        let failure = RunFailure(wrapping: error)
        let program = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "echelon"
        let message = failure.message.printableLines(1000, limit: 1 << 16)
        try? Console.write("\(program): \(message)\n", to: STDERR_FILENO)
        Glibc.exit(failure.code.rawValue)
    }
}

/// An exit code on its way to the coordinator: negative where the cause is elsewhere.
package enum WireCode {
    package static func encode(_ code: ExitCode, isConsequence: Bool) -> Int32 {
        isConsequence ? -code.rawValue : code.rawValue
    }

    package static func decode(_ wire: Int32, _ message: String) -> RunFailure {
        RunFailure(ExitCode(rawValue: Int32(clamping: wire.magnitude)) ?? .bug, message, isConsequence: wire < 0)
    }
}
