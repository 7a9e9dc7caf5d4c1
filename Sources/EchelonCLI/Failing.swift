import ArgumentParser
import Echelon
import Glibc
import Systems

/// Runs a command's body; a failure becomes one message on standard error and the exit code that goes with it.
func reportingFailures(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let code as ArgumentParser.ExitCode {
        throw code
    } catch {
        throw ArgumentParser.ExitCode(report(error).rawValue)
    }
}

/// Says what went wrong. That a reader left early (`| head`) is no news.
private func report(_ error: any Error) -> Echelon.ExitCode {
    if case let error as SystemError = error, error.reason == .system(EPIPE) { return .closedPipe }
    let failure = error as? RunFailure ?? (error is SystemError ? RunFailure(wrapping: error) : .badInput(error))
    Console.complain(failure.message)
    return failure.code
}
