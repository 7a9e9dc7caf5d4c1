import ArgumentParser
import Echelon

struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure each layer: forward, input gradient, weight gradient, GFLOP/s and share of the GEMM peak.",
        discussion: "Runs the whole model on the pipeline's first device, one micro-batch at a time.")

    @OptionGroup var pipeline: PipelineArguments

    @Option(help: "Measured runs of every layer; the median counts.")
    var repetitions: Int = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Measure only the GEMM peak, in GFLOP/s.")
    var gemm = false

    func validate() throws {
        guard (1...1000).contains(repetitions) else {
            throw ValidationError("--repetitions: expected 1 to 1000, got \(repetitions)")
        }
    }

    func run() throws {
        try reportingFailures {
            if gemm { return print(try LayerProfile.gemmPeak(try pipeline.load()) / 1e9) }
            let profile = try LayerProfile.measure(try pipeline.load(), repetitions: repetitions)
            print(json ? try profile.json() : profile.text())
        }
    }
}
