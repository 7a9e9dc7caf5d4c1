import ArgumentParser
import Echelon
import Glibc

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a run: what each worker is doing, its bubble and its memory.",
        discussion: "Ends when the run does, or with Ctrl-C, which does not touch the run.")

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String

    @Flag(help: "Print once and leave.")
    var once = false

    func run() throws {
        try reportingFailures {
            let run = RunDirectory(directory)
            let isTerminal = isatty(STDOUT_FILENO) == 1
            while true {
                let status = try LiveStatus.read(run)
                Console.write(
                    (isTerminal && !once ? "\u{1b}[H\u{1b}[2J" : "") + status.text() + "\n", to: STDOUT_FILENO)
                if once || status.state == .done || status.state == .failed { return }
                usleep(500_000)
            }
        }
    }
}
