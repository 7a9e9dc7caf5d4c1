import ArgumentParser
import Echelon
import Glibc
import Systems

/// The program's first and last steps.
@main
enum Main {
    static func main() {
        Startup.prepare()
        do {
            var command = try EchelonCommand.parseAsRoot()
            try command.run()
        } catch {
            exit(end(with: error))
        }
    }

    /// Prints what the error has to say: help and versions are errors too, to the parser.
    private static func end(with error: any Error) -> Int32 {
        let code = EchelonCommand.exitCode(for: error)
        let text = EchelonCommand.fullMessage(for: error)
        guard !text.isEmpty else { return code.rawValue }
        guard code.isSuccess else {
            let shown = text.printableLines(quoting: CommandLine.arguments.dropFirst())
            try? Console.write(shown + "\n", to: STDERR_FILENO)
            return code.rawValue
        }
        do {
            try reportingFailures { try Console.print(text) }
            return code.rawValue
        } catch {
            return EchelonCommand.exitCode(for: error).rawValue
        }
    }
}
