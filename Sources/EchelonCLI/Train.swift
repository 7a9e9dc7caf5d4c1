import ArgumentParser
import Echelon

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train: start one worker per device, watch them, leave a run directory.",
        discussion: """
            Prints the plan's stages, then a progress line. The run directory holds the resolved manifest, metrics.jsonl \
            (one object per step), events/, logs/ and, at the end, model.safetensors.

            A worker that dies or hangs ends the run within seconds: the message says which instruction it was at and who \
            waited for it. Interrupt (Ctrl-C) finishes the step in flight and writes a checkpoint; a second one kills all \
            workers at once. `--resume auto` goes on from the newest checkpoint, with the same bits.

            --dashboard 8080 serves the bubble report as a page that follows the run, to browsers on this machine; port 0 \
            takes any free one. A process of its own serves it, and ends with the run.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Option(
        help: ArgumentHelp("The run directory; runs/NAME, or runs/NAME-2 and so on, unless given.", valueName: "dir"))
    var runDir: String?

    @Option(
        help: ArgumentHelp(
            "Start the workers on several hosts over ssh: a file with lines `HOST slots=N`. See docs/clusters.md.",
            valueName: "file"))
    var hosts: String?

    @Option(
        help: ArgumentHelp(
            "Where workers started by hand reach the coordinator: a port on this machine's loopback address, or on --address.",
            valueName: "port"))
    var port: UInt16?

    @Option(
        help: ArgumentHelp(
            "This machine's address, where workers on other machines reach it; needs --keys or --hosts.",
            valueName: "address"))
    var address: String?

    @Option(
        help: ArgumentHelp(
            "What `echelon keys` made: the folder, or its coordinator.key. Workers started by hand prove themselves by "
                + "their own.", valueName: "path"))
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "Serve a live page on this port, or on ADDRESS:PORT where other machines may see it too.",
            valueName: "port"))
    var dashboard: String?

    @Option(
        help: ArgumentHelp(
            "Go on from a checkpoint of the run directory: the newest that is whole (latest), the same or else begin "
                + "(auto), or the one behind so many steps.", valueName: "auto|latest|step"))
    var resume: String?

    @Option(
        help: ArgumentHelp(
            "With --resume: go on although this key of the pipeline says something else now.", valueName: "key"))
    var accept: [String] = []

    @Flag(
        help:
            "With --resume latest or a step: begin a new run, in a folder of its own, with the checkpoint's weights alone."
    )
    var weightsOnly = false

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(help: "Print one JSON object per step, as in metrics.jsonl.")
    var json = false

    func validate() throws {
        if quiet && json { throw ValidationError("choose one of --quiet and --json") }
        if let resume, ResumeMode(resume) == nil {
            throw ValidationError("--resume \(resume): expected auto, latest, or the number of a step from 1")
        }
        if weightsOnly && (resume == nil || resume == "auto") {
            throw ValidationError("--weights-only takes the weights of --resume latest, or of the step that it names")
        }
        if !accept.isEmpty && resume == nil { throw ValidationError("--accept has no effect without --resume") }
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
            var options = Coordinator.Options(
                runDirectory: runDir, port: port, address: address, keys: keys, output: output, dashboard: dashboard,
                resume: resume.flatMap { ResumeMode($0) })
            options.hosts = hosts
            options.measureLinks = { cluster, bytes throws(RunFailure) in try LinkRun.measure(cluster, bytes: bytes) }
            options.accepted = Set(accept)
            options.takesWeightsOnly = weightsOnly
            let manifest = try ProductTuning.settled(try pipeline.load(), options)
            try Coordinator.train(try ScheduleTuning.settled(manifest, options), options)
        }
    }
}
