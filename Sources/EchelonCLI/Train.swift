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

            --dashboard 8080 serves the bubble report as a page that follows the run, to browsers on this machine; port 0 \
            takes any free one. A process of its own serves it, and ends with the run.
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

    @Option(
        help: ArgumentHelp(
            "Serve a live page on this port, or on ADDRESS:PORT where other machines may see it too.",
            valueName: "port"))
    var dashboard: String?

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(help: "Print one JSON object per step, as in metrics.jsonl.")
    var json = false

    func validate() throws {
        if quiet && json { throw ValidationError("choose one of --quiet and --json") }
        if let dashboard {
            do {
                _ = try DashboardAddress(dashboard)
            } catch {
                throw ValidationError("--\(error)")
            }
        }
    }

    func run() throws {
        try reportingFailures {
            let output: Coordinator.Output = quiet ? .quiet : json ? .json : .progress
            let options = Coordinator.Options(runDirectory: runDir, port: port, output: output, dashboard: dashboard)
            try Coordinator.train(try pipeline.load(), options)
        }
    }
}
