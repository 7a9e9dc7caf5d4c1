/// What a process of ours exits with.
public enum ExitCode: Int32, Sendable {
    /// Everything that was asked for is done.
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

/// An error that a user's world can cause, and the exit code that goes with it. Errors that do not conform are bugs.
package protocol ExitCoded: Error {
    var exitCode: ExitCode { get }
    /// The cause is elsewhere: another rank or the coordinator reports it.
    var isConsequence: Bool { get }
}

extension ExitCoded {
    package var isConsequence: Bool { false }
}

extension SystemError: ExitCoded {
    package var exitCode: ExitCode { isLacking ? .interrupted : .badInput }
}
