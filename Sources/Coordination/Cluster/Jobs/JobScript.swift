public import Manifests
import Planning
public import Runs
import Scheduling
import Systems

/// What a cluster's manager is given to train a pipeline: text for a file.
///
///     try JobScript(pipeline, path: "pipelines/mine.yaml").slurm(SlurmSettings())
public struct JobScript {
    let plan: TrainingPlan
    let name: String
    /// What each task runs.
    let command: [String]
    /// The folder that relative paths begin at.
    let folder: String

    /// - Parameters:
    ///   - manifest: read from `path`, with the values replaced that `overrides` names.
    ///   - runDirectory: of the run; nil: `runs/NAME`.
    ///   - program: what the tasks run; nil: this program.
    /// - Throws: a mistake in the pipeline, or what a job's workers cannot do.
    public init(
        _ manifest: PipelineManifest, path: String, overrides: [String] = [], runDirectory: String? = nil,
        name: String? = nil, program: String? = nil
    ) throws(RunFailure) {
        try JobWorker.checkKeys(manifest)
        plan = try TrainingPlan(manifest)
        try plan.checkMemoryLimits()
        self.name = try Self.checked(name ?? Self.label(manifest.name), "--name")
        var command = [program ?? Program.path, "worker", path]
        for text in overrides { command += ["--set", text] }
        if let runDirectory { command += ["--run-dir", runDirectory] }
        self.command = command
        do { folder = String(try File.absolute("").dropLast()) } catch { throw RunFailure(wrapping: error) }
    }

    /// What a user should know before the job is submitted; nil: nothing.
    public var note: String? {
        plan.checkpoint?.every == nil
            ? "the pipeline writes no checkpoints on its way, and begins anew where a machine is lost: see `checkpoint`"
            : nil
    }

    /// `my-run.sbatch`
    public func fileName(_ ending: String) -> String { "\(name).\(ending)" }

    /// Workers: one for each device.
    var tasks: Int { plan.placement.rankCount }
    /// Cores of the largest device.
    var cores: Int { plan.placement.ranks.map { plan.device(of: $0).threads }.max() ?? 1 }
    /// Bytes that the largest worker takes.
    var memory: Int { plan.placement.ranks.map { plan.memory(ofRank: $0) }.max() ?? 0 }
    /// Whether the devices are cores of a processor, which have numbers.
    var namesCores: Bool { plan.manifest.devices.contains { $0.kind == .cpu } }

    /// As names of hosts may be: small letters, digits and hyphens.
    private static func label(_ name: String) -> String {
        let label = name.lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
        }
        let text = String(label).split(separator: "-").joined(separator: "-").prefix(40)
        return text.isEmpty ? "echelon" : text.first?.isNumber == true ? "run-" + text : String(text)
    }

    private static func checked(_ name: String, _ option: String) throws(RunFailure) -> String {
        guard let first = name.first, first.isLetter, name.last != "-", name.utf8.count <= 40,
            name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") })
        else {
            throw .badInput(
                "\(option) \(name.printable(limit: 60)): expected small letters, digits and hyphens, at most 40, as `my-run`"
            )
        }
        return name
    }
}
