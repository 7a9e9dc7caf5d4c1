import ArgumentParser
import Echelon
import Glibc

/// Runs a command's body; a failure becomes one message on standard error and the exit code that goes with it.
func reportingFailures(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let failure as RunFailure {
        complain(failure.message)
        throw ArgumentParser.ExitCode(failure.code.rawValue)
    } catch let code as ArgumentParser.ExitCode {
        throw code
    } catch {
        complain("\(error)")
        throw ArgumentParser.ExitCode(Echelon.ExitCode.badInput.rawValue)
    }
}

func complain(_ message: String) {
    Console.write("echelon: \(message)\n", to: STDERR_FILENO)
}
