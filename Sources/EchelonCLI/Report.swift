import ArgumentParser
import Echelon
import Systems

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The bubble report of a run: how much of each step the devices were idle, and why.",
        discussion: """
            Measured beside predicted beside ideal. Works on a run that is still going. --html writes one self-contained \
            page, --trace a file that Perfetto and chrome://tracing open; both leave the text unprinted.
            """)

    @Argument(help: ArgumentHelp("The run directory: runs/NAME.", valueName: "run"))
    var directory: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Write the report as one page.", valueName: "file"))
    var html: String?

    @Option(
        help: ArgumentHelp(
            "Write the events as a Chrome trace; of a long run, those of a sample of its steps.", valueName: "file"))
    var trace: String?

    @Option(help: ArgumentHelp("Set the run against an earlier one.", valueName: "run"))
    var compare: String?

    @Option(help: "Leave out the first steps, while caches warm up.")
    var skip: Int = 2

    func validate() throws {
        guard skip >= 0 else { throw ValidationError("--skip: expected 0 or more, got \(skip)") }
    }

    func run() throws {
        try reportingFailures {
            let run = RunDirectory(directory)
            let report = try run.report(skip: skip)
            let baseline = try compare.map { try RunDirectory($0).report(skip: skip) }
            if let html {
                try File.replace(html, with: try report.html(comparedTo: baseline).utf8)
            }
            if let trace { try write(try run.trace(), of: report, to: trace) }
            guard html == nil, trace == nil else { return }
            if let baseline {
                let comparison = try RunComparison(baseline, report)
                try Console.print(json ? try comparison.json() : comparison.text())
            } else {
                try Console.print(json ? try report.json() : report.text())
            }
        }
    }

    private func write(_ trace: ChromeTrace, of report: BubbleReport, to path: String) throws {
        try trace.write(toFile: path)
        guard let all = report.finishedSteps else { return }
        Console.complain(
            "note: --trace \(path.printable()) holds \(trace.stepCount) of \(all) steps: a sample of this long run")
    }
}
