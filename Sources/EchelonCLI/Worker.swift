import ArgumentParser
import Echelon

struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one worker by hand, for a rank that the pipeline lists under by_hand.",
        discussion: """
            `echelon train` starts workers itself. For the ranks listed under by_hand it prints this command and waits. \
            The pipeline, every --set, the program's version and the contents of weights and data must be the same as the \
            coordinator's; a difference is refused. The run's secret, which proves that the worker belongs to it, is read \
            from the file `secret` beside the pipeline. On another machine --keys takes its place: see `echelon keys`.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Option(help: "Which worker this is: its place in the manifest's devices, counted from 0.")
    var rank: Int

    @Option(help: ArgumentHelp("The coordinator's address, as `train` printed it.", valueName: "tcp://host:port"))
    var coordinator: String

    @Option(
        help: ArgumentHelp("The run's secret, where it does not lie beside the pipeline.", valueName: "file"))
    var secretFile: String?

    @Option(
        help: ArgumentHelp(
            "This worker's file of `echelon keys`, or the folder with it: its links then work over any address.",
            valueName: "path"))
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "This machine's address, where other workers reach this one; unless given, that from which it reaches the "
                + "coordinator.", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("The weights file that the coordinator prepared.", visibility: .hidden))
    var weightsFile: String?

    @Flag(help: ArgumentHelp("Standard input ends when the coordinator does.", visibility: .hidden))
    var lifeline = false

    func run() throws {
        try reportingFailures {
            try WorkerProcess.run(
                try pipeline.load(),
                WorkerProcess.Options(
                    rank: rank, coordinator: coordinator, pipeline: pipeline.pipeline, secretFile: secretFile,
                    keys: keys, address: address, hasLifeline: lifeline))
        }
    }
}
