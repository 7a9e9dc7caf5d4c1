import ArgumentParser
import Echelon

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train: start one worker per device, watch them, leave a run directory.",
        discussion: """
            Prints the plan's stages, then a progress line. The run directory holds the resolved manifest, metrics.jsonl \
            (one object per step), events/, logs/ and, at the end, model.safetensors.

            A worker that dies or hangs ends the run within seconds: the message says which instruction it was at and who \
            waited for it. Interrupt (Ctrl-C) stops all workers; a second interrupt kills them at once.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Option(
        help: ArgumentHelp("The run directory; runs/NAME, or runs/NAME-2 and so on, unless given.", valueName: "dir"))
    var runDir: String?

    @Option(
        help: ArgumentHelp(
            "Where workers started by hand reach the coordinator: a port on this machine's loopback address.",
            valueName: "port"))
    var port: UInt16?

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(help: "Print one JSON object per step, as in metrics.jsonl.")
    var json = false

    func validate() throws {
        if quiet && json { throw ValidationError("choose one of --quiet and --json") }
    }

    func run() throws {
        try reportingFailures {
            let output: Coordinator.Output = quiet ? .quiet : json ? .json : .progress
            let options = Coordinator.Options(runDirectory: runDir, port: port, output: output)
            try Coordinator.train(try pipeline.load(), options)
        }
    }
}
