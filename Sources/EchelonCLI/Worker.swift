import ArgumentParser
import Echelon

struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one worker: by hand, or as one of a job's processes (srun, torchrun, Kubernetes).",
        discussion: """
            In a job each process finds its rank and its run in the environment, and rank 0's is the coordinator too:

              srun echelon worker PIPELINE            one task for each device of the pipeline; see docs/clusters.md

            By hand, `echelon train` prints the line for each rank that the pipeline lists under by_hand, and waits. The \
            pipeline, every --set, the program's version and the contents of weights and data must be the same as the \
            coordinator's; a difference is refused. The run's secret, which proves that the worker belongs to it, is read \
            from the file `secret` beside the pipeline. On another machine --keys takes its place: see `echelon keys`.
            """)

    @OptionGroup var pipeline: PipelineArguments

    @Option(help: "Which worker this is: its place in the manifest's devices, counted from 0.")
    var rank: Int?

    @Option(help: ArgumentHelp("The coordinator's address, as `train` printed it.", valueName: "tcp://host:port"))
    var coordinator: String?

    @Option(
        help: ArgumentHelp(
            "In a job: the run directory, which all hosts share; runs/NAME unless given. The run goes on where it has a "
                + "checkpoint.", valueName: "dir"))
    var runDir: String?

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

    @Option(help: ArgumentHelp("Ranks on other hosts than the coordinator's.", visibility: .hidden))
    var elsewhere: String?

    @Flag(help: ArgumentHelp("A job's manager signals all workers at once.", visibility: .hidden))
    var inJob = false

    @Flag(help: ArgumentHelp("Standard input ends when the coordinator does.", visibility: .hidden))
    var lifeline = false

    func validate() throws {
        guard (rank == nil) == (coordinator == nil) else {
            throw ValidationError("expected both --rank and --coordinator, or in a job neither of them")
        }
        if rank == nil {
            for (option, value) in [("--keys", keys), ("--secret-file", secretFile)] where value != nil {
                throw ValidationError("\(option) has no effect in a job, whose workers are told their keys")
            }
        } else if runDir != nil {
            throw ValidationError("--run-dir has no effect with --rank: the coordinator says where the run is")
        }
    }

    func run() throws {
        try reportingFailures {
            guard let rank, let coordinator else {
                return try JobWorker.run(
                    try pipeline.load(), JobWorker.Options(runDirectory: runDir, address: address))
            }
            var options = WorkerProcess.Options(
                rank: rank, coordinator: coordinator, pipeline: pipeline.pipeline, secretFile: secretFile, keys: keys,
                address: address, hasLifeline: lifeline)
            try options.setPlace(elsewhere: elsewhere, isInJob: inJob)
            try WorkerProcess.run(try pipeline.load(), options)
        }
    }
}
