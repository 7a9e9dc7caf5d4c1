public import Models
public import Notation
public import Optimizers
public import Scheduling

/// `pipelines/*.yaml`: how a model is trained. Every value is validated; defaults are filled in.
public struct PipelineManifest: Hashable, Sendable {
    /// Names the run: the pipeline file's name without folder and ending, unless `name:` says otherwise.
    public var name: String
    public var model: Sequential
    /// The model file, as it can be opened from the working directory; nil when the model stands in the pipeline file.
    public var modelPath: String?
    public var devices: [Device]
    /// By device: the most bytes that its worker may take; nil: no limit. `memory: 2GiB`
    public var memory: [Int]?
    public var partition: Partition
    public var schedule: Schedule
    /// Stages of each device: 1, or 2 for schedules that fold or interleave. `virtual: 2`. A written schedule says that
    /// itself: here it is 1 then.
    public var virtual: Int
    public var batch: Batch
    public var precision: Precision
    /// Which activations are computed a second time instead of kept.
    public var recompute: Recompute
    @AnyKind public var optimizer: any Optimizer
    public var learningRate: LearningRate
    /// The largest global gradient norm; nil: no clipping. `clip: 1.0`
    public var clip: Double?
    public var onNaN: OnNaN
    public var deadlines: Deadlines
    public var data: Data
    public var steps: Int
    public var seed: UInt64
    /// A safetensors file or a run directory to start from.
    public var weights: String?
    /// A progress line every so many steps. `log_every: 10`
    public var logEvery: Int
    /// The most bytes that a run's event log takes, of all ranks together. `events: 256MiB`
    public var events: Int
    /// What `sim` devices pretend: `sim: {layer_ms: 20}` or `sim: {gflops: 100}`.
    public var simulation: Simulation
    /// Ranks that are not started by the coordinator: somebody starts `echelon worker` for them. `by_hand: [1]`
    public var byHand: [Int]
    /// Where each value was written, by its path (`optimizer.adamw.lr`, `devices.0`); for errors that later checks find.
    public var marks: [String: Mark]

    /// Where the value at `path` was written; where it was not, the nearest part around it that was.
    public func mark(of path: String) -> Mark {
        var path = Substring(path)
        while true {
            if let mark = marks[String(path)] { return mark }
            if path.isEmpty { return Mark(file: name, line: 1, column: 1) }
            path = path.lastIndex(of: ".").map { path[..<$0] } ?? ""
        }
    }

    /// `cpu:0`, `cpu:0-3`, `sim:0`
    public struct Device: Hashable, Sendable, CustomStringConvertible {
        public enum Kind: String, Hashable, Sendable, CaseIterable { case cpu, sim }
        public var kind: Kind
        /// The cores of a cpu device; the number of a sim device.
        public var cores: ClosedRange<Int>

        public init(kind: Kind, cores: ClosedRange<Int>) {
            self.kind = kind
            self.cores = cores
        }

        public var description: String {
            cores.count == 1 ? "\(kind):\(cores.lowerBound)" : "\(kind):\(cores.lowerBound)-\(cores.upperBound)"
        }
    }

    public enum Partition: Hashable, Sendable {
        case uniform
        case parameters
        case flops
        /// What `echelon profile` measured: cuts that make the schedule's step short.
        case profile
        /// `type:REGEX`: balances the layers whose kind matches.
        case type(String)
        /// `{cuts: [5, 9]}`: the first layer of each stage but the first.
        case cuts([Int])
    }

    public typealias ScheduleName = Scheduling.ScheduleName

    /// global = micro × microBatches (× replicas, later); of the three any two suffice.
    public struct Batch: Hashable, Sendable {
        public var micro: Int
        public var microBatches: Int
        public var global: Int { micro * microBatches }

        public init(micro: Int, microBatches: Int) {
            self.micro = micro
            self.microBatches = microBatches
        }
    }

    /// `precision: f32`, `bf16`, `f16` or `{f16: {initial_scale_power: 12}}`
    public enum Precision: Hashable, Sendable {
        case f32
        case bf16
        case f16(LossScaler.Settings)

        /// `bf16`
        public var name: String {
            switch self {
            case .f32: "f32"
            case .bf16: "bf16"
            case .f16: "f16"
            }
        }
    }

    /// `recompute: none`, `stage` (all but what enters the stage), or `{every: N}` (all but what enters each N layers)
    public typealias Recompute = Recomputation

    /// `data: {text: […], tokenizer: bytes, sequence: 256, order: shuffled}`,
    /// `data: {tokens: FILE, type: u16, sequence: 256, order: sequential}`,
    /// `data: {random: 16385, sequence: 256}` (uniform tokens, for benchmarks),
    /// `data: {rows: FILE, inputs: 8, targets: 2}` (raw f32 rows: inputs, then targets; for mean-squared-error).
    /// A data set has one source: `--set data.tokens=FILE` replaces whichever the file names.
    public struct Data: Hashable, Sendable {
        public enum Source: Hashable, Sendable {
            case text([String])
            case tokens(String, TokenType)
            case random(count: Int)
            case rows(String, inputs: Int, targets: Int)
        }
        public enum TokenType: String, Hashable, Sendable, CaseIterable { case u16, i32 }
        public enum Order: String, Hashable, Sendable, CaseIterable { case sequential, shuffled }
        public var source: Source
        /// Tokens of one sample; nil for rows.
        public var sequence: Int?
        public var order: Order

        public init(source: Source, sequence: Int?, order: Order) {
            self.source = source
            self.sequence = sequence
            self.order = order
        }
    }

    public struct Simulation: Hashable, Sendable {
        public enum Pace: Hashable, Sendable {
            /// Seconds of one layer's forward; each backward half takes as long.
            case secondsPerLayer(Double)
            case gflops(Double)
        }
        /// A stage that now and then takes longer: `slow: {stage: 2, ms: 30, every: 8}`.
        public struct SlowStage: Hashable, Sendable {
            public var stage: Int
            public var milliseconds: Double
            /// Which of its forwards: each so many.
            public var every: Int

            public init(stage: Int, milliseconds: Double, every: Int = 8) {
                self.stage = stage
                self.milliseconds = milliseconds
                self.every = every
            }
        }
        /// A link between two ranks whose messages arrive later: `link: {from: 1, to: 2, ms: 6}`.
        public struct SlowLink: Hashable, Sendable {
            public var from: Int
            public var to: Int
            public var milliseconds: Double

            public init(from: Int, to: Int, milliseconds: Double) {
                self.from = from
                self.to = to
                self.milliseconds = milliseconds
            }
        }
        public var pace: Pace
        /// Faults, to see what a report says of them.
        public var slow: SlowStage?
        public var link: SlowLink?
        /// What reading a micro-batch takes.
        public var readMilliseconds: Double?

        public init(pace: Pace) { self.pace = pace }
    }
}
