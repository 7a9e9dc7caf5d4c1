import ArgumentParser
import Echelon

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What this machine offers: cores, CPU features, BLAS core, ZeroMQ, GPUs; and what is worth changing.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try reportingFailures {
            let examination = try MachineReport.examine()
            try Console.print(json ? try examination.json() : examination.text())
        }
    }
}
