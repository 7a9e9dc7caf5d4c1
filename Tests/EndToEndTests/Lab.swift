import CPUDevices
import Echelon
import Foundation
import TestSupport
import Testing

/// A folder with a model and a pipeline in it, and what tests do with them.
struct Lab {
    let folder: TemporaryFolder

    /// A small GPT with all that may cross a cut: a skip past several layers, a residual list, dropout everywhere.
    static let model = """
        layers:
          - embedding: {vocab: 61, width: 16, positions: 8}
          - stash: start
          - transformer: {width: 16, heads: 2, dropout: 0.1}
          - residual:
              - layer-norm: {width: 16}
              - linear: {in: 16, out: 32}
              - gelu: tanh
              - dropout: 0.1
              - linear: {in: 32, out: 16}
          - transformer: {width: 16, heads: 2, dropout: 0.1}
          - transformer: {width: 16, heads: 2, dropout: 0.1}
          - pop: start
          - add
          - layer-norm: {width: 16}
          - linear: {in: 16, out: 61, bias: false}
        loss: cross-entropy

        """

    static let pipeline = """
        model: model.yaml
        devices: \(devices(2))
        partition: uniform
        schedule: 1f1b
        batch: {micro: 2, microbatches: 3}
        optimizer: {adamw: {lr: 3e-3}}
        learning_rate: {warmup: 2, decay: cosine, minimum: 1e-4}
        clip: 1.0
        data: {random: 401, sequence: 8}
        steps: 4
        seed: 7

        """

    init(model: String = Lab.model, pipeline: String = Lab.pipeline) throws {
        folder = try TemporaryFolder()
        try folder.write(model, to: "model.yaml")
        try folder.write(pipeline, to: "pipeline.yaml")
    }

    /// `[cpu:0, cpu:1, cpu:0]`: two of the cores that this process may use, in turn.
    static func devices(_ count: Int) -> String {
        let cores = Cores.allowed.prefix(2)
        return "[\((0..<count).map { "cpu:\(cores[$0 % cores.count])" }.joined(separator: ", "))]"
    }

    /// One of `devices`.
    static func device(_ rank: Int) -> String { "cpu:\(Cores.allowed[rank % min(2, Cores.allowed.count)])" }

    /// More steps than any test waits for.
    static let endless = ["steps=1000000"]

    // MARK: Commands

    func start(_ arguments: [String], isUrgent: Bool = false) throws -> EchelonProcess {
        try EchelonProcess(arguments, in: folder, isUrgent: isUrgent)
    }

    func run(_ arguments: [String]) throws -> EchelonProcess.Outcome { try start(arguments).finish() }

    static func arguments(_ overrides: [String]) -> [String] { overrides.flatMap { ["--set", $0] } }

    /// Starts `train`. Paths are absolute, so that the folder shows in the command lines of all processes.
    func startTraining(
        _ overrides: [String] = [], run: String = "run", _ flags: [String] = [], isUrgent: Bool = false
    ) throws -> EchelonProcess {
        try start(
            ["train", folder.file("pipeline.yaml"), "--run-dir", folder.file(run)] + Self.arguments(overrides) + flags,
            isUrgent: isUrgent)
    }

    /// Trains to the end and reads what the run left; nothing else may be left of it.
    func train(_ overrides: [String] = [], run: String = "run", _ flags: [String] = ["--quiet"]) throws -> FinishedRun {
        let process = try startTraining(overrides, run: run, flags)
        let outcome = try process.finish()
        try #require(outcome.exitCode == 0, "\(overrides): \(outcome.output)\(outcome.errors)")
        #expect(process.leftovers() == [])
        #expect(folder.files.filter { $0.hasSuffix(".partial") } == [])
        return try FinishedRun(folder, run, outcome)
    }

    /// Weights that a run has not finished, whether it knows or not.
    var halfWritten: [String] {
        folder.files.filter { $0.contains("model.safetensors") && !$0.contains("/steps/") }
    }

    /// Waits until the run has finished a step.
    func waitForSteps(of process: EchelonProcess, run: String = "run") throws {
        try process.wait(for: "the first step") {
            (try? folder.bytes(run + "/metrics.jsonl"))?.isEmpty == false ? () : nil
        }
    }
}

/// What a run left behind.
struct FinishedRun {
    var outcome: EchelonProcess.Outcome
    var lines: String
    var steps: [StepMetrics]
    /// nil where the devices compute nothing.
    var weights: Data?

    init(_ folder: TemporaryFolder, _ run: String, _ outcome: EchelonProcess.Outcome) throws {
        self.outcome = outcome
        lines = try folder.text(run + "/metrics.jsonl")
        steps = try lines.split(separator: "\n").map { try StepMetrics(line: String($0)) }
        weights = folder.exists(run + "/model.safetensors") ? try folder.bytes(run + "/model.safetensors") : nil
    }

    var losses: [Double] { steps.compactMap(\.loss) }
    var gradientNorms: [Double] { steps.compactMap(\.gradNorm) }
}

extension RunDirectory {
    /// The shortest step but the first two: its length, the ranks' mean, and idle over wall of all ranks. A busy machine
    /// adds waiting and takes none away: this is the step that it disturbed least.
    func leastDisturbedStep() throws -> (seconds: Double, bubble: Double) {
        let accounts = try Accounts(description(), logs: logs().logs)
        let steps = Dictionary(grouping: accounts.steps.filter { $0.step >= 2 }, by: \.step).values.map { ranks in
            let wall = ranks.reduce(0) { $0 + Double($1.wall) }
            let idle = ranks.reduce(0) { $0 + Double($1.idle) }
            return (seconds: wall / 1e9 / Double(ranks.count), bubble: idle / wall)
        }
        return try #require(steps.min { $0.seconds < $1.seconds })
    }
}
