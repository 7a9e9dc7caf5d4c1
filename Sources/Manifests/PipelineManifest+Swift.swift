public import Models
package import Notation
public import Optimizers
public import Scheduling

extension PipelineManifest {
    /// A pipeline that Swift describes; what is not named here is a property to set.
    ///
    ///     var pipeline = PipelineManifest(
    ///         model, devices: [.cpu(0), .cpu(1)], data: .text(["corpus.txt"], sequence: 64),
    ///         batch: .init(micro: 2, microBatches: 8), steps: 100)
    ///     pipeline.clip = 1
    ///
    /// Limits are those of a manifest's keys; they are checked where a run or a plan begins, and errors name the place of
    /// this call. Paths are relative to the working directory.
    public init(
        _ model: Sequential, name: String = "run", devices: [Device], data: Data, batch: Batch, steps: Int,
        schedule: Schedule = .named(.oneForwardOneBackward), partition: Partition? = nil, precision: Precision = .f32,
        optimizer: any Optimizer = AdamW(), learningRate: LearningRate = LearningRate(), seed: UInt64 = 0,
        file: String = #fileID, line: Int = #line, column: Int = #column
    ) {
        let virtual =
            switch schedule {
            case .named(let name): name.usualVirtualStages
            case .written, .auto: 1
            }
        self.init(
            name: name, model: model, modelPath: nil, pretrained: nil, devices: devices, memory: nil,
            partition: partition ?? (schedule == .auto ? .auto : .flops),
            schedule: schedule, virtual: virtual, batch: batch, precision: precision, recompute: .none,
            optimizer: optimizer, train: nil, lora: nil, groups: [], learningRate: learningRate, clip: nil,
            onNaN: .stop, deadlines: Deadlines(),
            data: data,
            steps: steps, seed: seed, weights: nil, logEvery: 10, events: Self.usualEvents,
            metrics: MetricsForm.allCases, simulation: .usual, byHand: [], checkpoint: Checkpoint(),
            marks: ["": Mark(file: file, line: line, column: column)])
    }

    /// Checks values that no file has held, by the rules of manifests.
    /// - Throws: at the place where the layer or the pipeline was written.
    package func check() throws(ManifestError) {
        try model.check()
        do {
            _ = try Self.decode(yaml: resolvedYAML(), file: name)
        } catch {
            throw ManifestError(
                at: mark(of: ""), found: error.found, expected: error.expected, suggestion: error.suggestion)
        }
    }
}

extension PipelineManifest.Device {
    /// `cpu:0`
    public static func cpu(_ core: Int) -> Self { Self(kind: .cpu, cores: core...core) }
    /// `cpu:0-3`: one worker that computes on four cores.
    public static func cpu(_ cores: ClosedRange<Int>) -> Self { Self(kind: .cpu, cores: cores) }
    /// `sim:0`: computes nothing, and waits for as long as the layers would take.
    public static func sim(_ number: Int) -> Self { Self(kind: .sim, cores: number...number) }
}

extension PipelineManifest.Data {
    /// Texts, a token for each byte.
    public static func text(_ paths: [String], sequence: Int, order: Order = .shuffled) -> Self {
        Self(source: .text(paths), sequence: sequence, order: order)
    }

    /// A raw token file.
    public static func tokens(
        _ path: String, type: TokenType = .u16, sequence: Int, order: Order = .sequential
    ) -> Self {
        Self(source: .tokens(path, type), sequence: sequence, order: order)
    }

    /// A file of samples that were tokenised before, an object a line; as long as its longest unless given.
    public static func samples(_ path: String, sequence: Int? = nil, order: Order = .shuffled) -> Self {
        Self(source: .samples(path), sequence: sequence, order: order)
    }

    /// A folder of shards that `echelon data prepare` wrote; as long as their longest sample unless given.
    public static func shards(_ path: String, sequence: Int? = nil, order: Order = .shuffled) -> Self {
        Self(source: .shards(path), sequence: sequence, order: order)
    }

    /// So many uniform tokens, for benchmarks.
    public static func random(count: Int, sequence: Int, order: Order = .sequential) -> Self {
        Self(source: .random(count: count), sequence: sequence, order: order)
    }

    /// A file of f32 rows: inputs, then targets.
    public static func rows(_ path: String, inputs: Int, targets: Int, order: Order = .sequential) -> Self {
        Self(source: .rows(path, inputs: inputs, targets: targets), sequence: nil, order: order)
    }
}

extension PipelineManifest.Schedule {
    /// `schedule: gpipe`: all forwards, then all backwards (Huang et al., arXiv 1811.06965).
    public static let gpipe = Self.named(.gpipe)
    /// `schedule: 1f1b`: forwards and backwards in turn, so that fewer activations are kept (Narayanan et al., arXiv
    /// 2006.09503).
    public static let oneForwardOneBackward = Self.named(.oneForwardOneBackward)

    /// A schedule that the program made itself.
    public static func written(_ schedule: Scheduling.Schedule) -> Self {
        .written(
            .init(name: schedule.name, ranks: schedule.description.split(separator: "\n").map(String.init)))
    }
}
