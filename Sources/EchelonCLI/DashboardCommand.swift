import ArgumentParser
import Echelon

struct DashboardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Serve the bubble report of a run as a page that follows it.",
        discussion: """
            The page of `report --html`, kept current while the run goes on. Prints its address; ends with Ctrl-C, which \
            does not touch the run. `train --dashboard PORT` does the same from the start.
            """)

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String?

    @Option(
        help: ArgumentHelp(
            "A port on this machine's loopback address, 0 for any free one, or ADDRESS:PORT.", valueName: "port"))
    var at: String = "0"

    @Flag(help: ArgumentHelp("Standard input names the run, and ends when it does.", visibility: .hidden))
    var besideRun = false

    func validate() throws {
        if directory == nil, !besideRun { throw ValidationError("Missing expected argument '<run>'") }
    }

    func run() throws {
        try reportingFailures {
            try DashboardProcess.run(
                directory.map { RunDirectory($0) }, at: try DashboardAddress(at), isBesideRun: besideRun)
        }
    }
}
