import ArgumentParser
import Echelon
import Glibc
import Systems

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a run: what each worker is doing, its bubble and memory, and what the links carry.",
        discussion: """
            Ends when the run does, or with Ctrl-C, which does not touch the run. Prints once where standard output is no \
            terminal.
            """)

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String

    @Flag(help: "Print once and leave.")
    var once = false

    func run() throws {
        try reportingFailures {
            var follower = RunFollower(RunDirectory(directory))
            var screen = Screen()
            let isWatching = Terminal.drawsInPlace(STDOUT_FILENO) && !once
            if isWatching { Interrupts.endAsDone() }
            while true {
                let status = try LiveStatus.current(follower.directory)
                try follower.refresh()
                let view = TopView(status, links: follower.traffic())
                guard isWatching else { return try Console.print(view.text()) }
                try screen.show { width, height in view.text(width: width, height: height) }
                if [.done, .failed, .gone].contains(status.state) { return }
                usleep(500_000)
            }
        }
    }
}
