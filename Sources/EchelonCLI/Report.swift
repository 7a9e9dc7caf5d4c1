import ArgumentParser
import Echelon

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The bubble report of a run: how much of each step the devices were idle, and why.",
        discussion: "Measured beside predicted beside ideal. Works on a run that is still going.")

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Leave out the first steps, while caches warm up.")
    var skip: Int = 2

    func run() throws {
        try reportingFailures {
            let report = try RunDirectory(directory).report(skip: skip)
            print(json ? try report.json() : report.text())
        }
    }
}
