import ArgumentParser
import Echelon

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The bubble report of a run: how much of each step the devices were idle, and why.",
        discussion: "Measured beside predicted beside ideal. Works on a run that is still going.")

    @Argument(help: "The run directory: runs/NAME.")
    var run: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: "Leave out the first steps, while caches warm up.")
    var skip: Int?

    func run() throws {
        try reportingFailures {
            let report = try BubbleReport.load(run: run, skip: skip)
            print(json ? try report.json() : report.text())
        }
    }
}
