import ArgumentParser
import Echelon

struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure each layer: forward, input gradient, weight gradient, GFLOP/s and share of the GEMM peak.",
        discussion: """
            Runs the whole model, one micro-batch at a time, on all of the pipeline's devices at once, and keeps the \
            result below $XDG_CACHE_HOME/echelon or ~/.cache/echelon for this machine and model: `partition: profile` \
            cuts by it, `schedule: auto` is chosen by it, and `plan` predicts by it. Another micro-batch, sequence or precision needs a profile of its own.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Option(help: "Measured runs of every layer, or more within half a second; the middle half counts.")
    var repetitions: Int = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Measure only the GEMM peak, in GFLOP/s.")
    var gemm = false

    @Option(help: ArgumentHelp("Which of the devices this process measures on.", visibility: .hidden))
    var rank: Int?

    @Option(help: ArgumentHelp("Which products to measure.", visibility: .hidden))
    var race: String?

    @Option(help: ArgumentHelp("How many devices measure.", visibility: .hidden))
    var world: Int = 1

    @Option(help: ArgumentHelp("Where the command that started this process is.", visibility: .hidden))
    var coordinator: String?

    func validate() throws {
        guard (1...1000).contains(repetitions) else {
            throw ValidationError("--repetitions: expected 1 to 1000, got \(repetitions)")
        }
    }

    func run() throws {
        try reportingFailures {
            if gemm { return try Console.print("\(try LayerProfile.gemmPeak(try pipeline.load()) / 1e9)") }
            if let race { return try Console.print(try ProductRun.measure(try pipeline.load(), contests: race)) }
            if let rank, let coordinator {
                return try ProfileWorker.run(
                    try pipeline.load(), from: pipeline.pipeline, rank: rank, world: world, coordinator: coordinator,
                    repetitions: repetitions)
            }
            let profile = try LayerProfile.measure(try pipeline.load(), repetitions: repetitions)
            try Console.print(json ? try profile.json() : profile.text())
            let path = try ProfileCache.standard.keep(profile)
            if !json { try Console.print("Kept in \(path) for `partition: profile` and `echelon plan`") }
        }
    }
}
