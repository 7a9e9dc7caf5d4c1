import ArgumentParser
import Echelon
import Systems

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Write what a cluster's manager needs to train a pipeline: an sbatch script, or a JobSet.",
        discussion: """
            The pipeline is checked first. Each device of it becomes a task that runs `echelon worker PIPELINE`. The run goes \
            on from its newest checkpoint whenever the job starts again. See docs/clusters.md.
            """,
        subcommands: [LaunchSlurm.self, LaunchKubernetes.self])
}

/// What both take.
struct LaunchArguments: ParsableArguments {
    @OptionGroup var pipeline: PipelineArguments

    @Option(help: ArgumentHelp("The run directory, which all hosts share; runs/NAME unless given.", valueName: "dir"))
    var runDir: String?

    @Option(help: "The job's name; the pipeline's unless given.")
    var name: String?

    @Option(help: ArgumentHelp("The program on the cluster; this one's path unless given.", valueName: "path"))
    var program: String?

    @Option(help: ArgumentHelp("The file to write; it must not be there yet. - is standard output.", valueName: "file"))
    var output: String?

    func script(program usual: String? = nil) throws -> JobScript {
        try JobScript(
            try pipeline.load(), path: pipeline.pipeline, overrides: pipeline.overrides, runDirectory: runDir,
            name: name, program: program ?? usual)
    }

    /// - Parameter next: what to type with the file.
    func write(_ text: String, for script: JobScript, to usual: String, next: String) throws {
        if let note = script.note { Console.complain("note: \(note)") }
        let path = output ?? usual
        if path == "-" { return try Console.write(text, to: 1) }
        guard !File.exists(path) else {
            throw RunFailure.badInput("\(path.printable()) is there already: remove it, or name another with --output")
        }
        try File.write(text.utf8, to: path)
        try Console.print("\(path.printable()) is written; submit it with\n  \(next) \(path.shellQuoted)")
    }
}

struct LaunchSlurm: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm", abstract: "Write an sbatch script.",
        discussion: """
            echelon launch slurm pipelines/mine.yaml --nodes 4 --time 2:00:00
            sbatch mine.sbatch
            """)

    @OptionGroup var launch: LaunchArguments

    @Option(help: ArgumentHelp("How many nodes, or from how many to how many.", valueName: "n|min-max"))
    var nodes: String?

    @Option(help: "Tasks on each node.")
    var tasksPerNode: Int?

    @Option(help: ArgumentHelp("The time limit; the job then goes on in another stretch.", valueName: "h:mm:ss"))
    var time: String?

    @Option(help: "The partition.")
    var partition: String?

    @Option(help: "The account.")
    var account: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A further option of sbatch, as often as needed: --sbatch=--qos=high", valueName: "option"))
    var sbatch: [String] = []

    func run() throws {
        try reportingFailures {
            var settings = SlurmSettings()
            (settings.nodes, settings.tasksPerNode, settings.time) = (nodes, tasksPerNode, time)
            (settings.partition, settings.account, settings.more) = (partition, account, sbatch)
            let script = try launch.script()
            try launch.write(
                try script.slurm(settings), for: script, to: script.fileName("sbatch"), next: "sbatch")
        }
    }
}

struct LaunchKubernetes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes", abstract: "Write a JobSet (jobset.x-k8s.io/v1alpha2).",
        discussion: """
            echelon launch kubernetes pipelines/mine.yaml --image registry/echelon:1 --claim shared
            kubectl apply -f mine.jobset.yaml
            """)

    @OptionGroup var launch: LaunchArguments

    @Option(help: "The image that holds the program.")
    var image: String

    @Option(help: ArgumentHelp("The claim of the volume that all pods share.", valueName: "name"))
    var claim: String

    @Option(help: ArgumentHelp("Where it is mounted, and paths begin.", valueName: "path"))
    var mount: String = "/data"

    @Option(help: "How often all pods may be started again.")
    var restarts: Int = 100

    func validate() throws {
        guard (0...1_000_000).contains(restarts) else {
            throw ValidationError("--restarts \(restarts): expected 0 to 1,000,000")
        }
    }

    func run() throws {
        try reportingFailures {
            var settings = KubernetesSettings(image: image, claim: claim, mount: mount)
            settings.restarts = restarts
            let script = try launch.script(program: "echelon")
            try launch.write(
                try script.kubernetes(settings), for: script, to: script.fileName("jobset.yaml"),
                next: "kubectl apply -f")
        }
    }
}
