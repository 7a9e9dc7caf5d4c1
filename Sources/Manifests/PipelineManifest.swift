public import Models
public import Notation
public import Optimizers
public import Partitioning
public import Scheduling

/// `pipelines/*.yaml`: how a model is trained. Every value is validated; defaults are filled in.
///
///     let pipeline = try PipelineManifest.load(path: "pipelines/demo.yaml", overrides: ["steps=20"])
///     let run = try TrainingRun.start(pipeline)
public struct PipelineManifest: Hashable, Sendable {
    /// Names the run: the pipeline file's name without folder and ending, unless `name:` says otherwise.
    public var name: String
    /// Layers and loss. `model: models/gpt.yaml`, or the model itself.
    public var model: Sequential
    /// The model file, as it can be opened from the working directory; nil when the model stands in the pipeline file.
    public var modelPath: String?
    /// Where a family's model comes from, and perhaps its weights. `model: {pretrained: DIR}`
    public var pretrained: Pretrained?
    /// One worker each, by rank; all of one kind. `devices: [cpu:0, cpu:1]`
    public var devices: [Device]
    /// By device: the most bytes that its worker may take; nil: no limit. `memory: 2GiB`
    public var memory: [Int]?
    /// How layers are cut into stages. `partition: flops`
    public var partition: Partition
    /// Which rank computes what when. `schedule: 1f1b`
    public var schedule: Schedule
    /// Stages of each device: 2 for schedules that fold, 1 … 1024 for interleaved, 1 for others. `virtual: 2`. A
    /// written schedule says that itself, and `auto` chooses it: here it is 1 then.
    public var virtual: Int
    /// What one optimizer update learns from. `batch: {micro: 2, microbatches: 8}`
    public var batch: Batch
    /// The type of activations and of what matrix products read. `precision: bf16`
    public var precision: Precision
    /// Which libraries compute the matrix products. `products: tuned`
    public var products = Products.usual
    /// Which activations are computed a second time instead of kept.
    public var recompute: Recompute
    /// The update rule. `optimizer: {adamw: {lr: 3e-4}}`
    @AnyKind public var optimizer: any Optimizer
    /// A pattern that is found in the names of the parameters that are trained; nil: all are. `train: layers.29|norm`
    public var train: String?
    /// Adapters beside matrices, which are trained alone. `lora: {rank: 8, targets: q_proj|v_proj}`
    public var lora: LoRA?
    /// Parameters with a rate or decay of their own, by the first pattern that is found.
    public var groups: [Group]
    /// How the optimizer's rate moves over the steps. `learning_rate: {warmup: 20, decay: cosine}`
    public var learningRate: LearningRate
    /// The largest global gradient norm; nil: no clipping. `clip: 1.0`
    public var clip: Double?
    /// What follows a step that is not finite. `on_nan: skip`, `on_nan: {rewind: 100}`
    public var onNaN: OnNaN
    /// How long workers may make no progress. `deadlines: {step: 60}`
    public var deadlines: Deadlines
    /// What is learnt, and in which order. `data: {text: corpus.txt, sequence: 256}`
    public var data: Data
    /// Optimizer updates of the whole run: at least 1. `steps: 100`
    public var steps: Int
    /// Decides first weights, dropout and the order of shuffled data. `seed: 1`
    public var seed: UInt64
    /// A safetensors file or a run directory to start from.
    public var weights: String?
    /// A progress line every so many steps. `log_every: 10`
    public var logEvery: Int
    /// The most bytes that a run's event log takes, of all ranks together. `events: 256MiB`
    public var events: Int
    /// In which forms each step's metrics are kept, beside `metrics.jsonl`. `metrics: [csv, tensorboard]`
    public var metrics: [MetricsForm]
    /// What `sim` devices pretend: `sim: {layer_ms: 20}` or `sim: {gflops: 100}`.
    public var simulation: Simulation
    /// Ranks that are not started by the coordinator: somebody starts `echelon worker` for them. `by_hand: [1]`
    public var byHand: [Int]
    /// Loss on held-out data between steps; nil: none. `evaluate: {data: {samples: FILE}, every: 50}`
    public var evaluation: Evaluation?
    /// When the run's state is kept; nil: never. `checkpoint: {every: 100, keep_last: 3}`
    public var checkpoint: Checkpoint?
    /// Whether the run goes on by itself where a worker was lost; nil: it ends. `restart: {attempts: 5}`
    public var restart: Restart?
    /// Whether each worker keeps a copy of a neighbour's state, so that no step is lost with a worker. `mirror: true`
    public var mirror = false
    /// Devices that take a lost worker's stage over. `spares: [cpu:3]`
    public var spares: [Device] = []
    /// Whether the run goes on over the devices that are left where a worker is lost. `elastic: true`
    public var elastic = false
    /// Whether layers move between devices while the run goes on, where one has become slower. `recut: auto`
    public var recut: Recut?
    /// Into how many sums a step's micro-batches are added, which one fixed tree adds; nil: one for each replica.
    /// `lanes: 4`
    public var lanes: Int?
    /// What optimizer state replicas share out. `zero: 1`
    public var zero = Zero.none
    /// Devices that share each layer: heads, channels and the vocabulary are split among them. `tensor: 2`
    public var tensor = 1
    /// How fast messages pass between hosts; nil: measured where a run starts on several, else not known. `links: {gbps: 1, ms: 10}`
    public var links: Links?
    /// In how many bits activations and their gradients pass from stage to stage; nil: in all. `compress: int8`
    public var compress: Compression?
    /// Whether a step begins before it is known whether the gradients of the one before are clipped: as if they were not; else it
    /// is taken back and begun once more, with the bits of a run that waits. `speculate: true`
    public var speculate = false
    /// By device, the host of the run that it is on; empty text: the coordinator's; empty: all are there. Told when the run
    /// starts: no part of the file.
    public var hosts: [String] = []
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
    ///
    ///     let devices: [PipelineManifest.Device] = [.cpu(0), .cpu(1...2)]      // devices: [cpu:0, cpu:1-2]
    public struct Device: Hashable, Sendable, CustomStringConvertible {
        /// What computes.
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// Cores of a processor.
            case cpu
            /// None: the worker waits for as long as the layers would take.
            case sim
        }
        /// All devices of a pipeline have the same.
        public var kind: Kind
        /// The cores of a cpu device; the number of a sim device.
        public var cores: ClosedRange<Int>

        /// `.cpu(0)`, `.cpu(0...3)` and `.sim(0)` are the shorter ways. Cores are 0 … 65535; a sim device has one
        /// number.
        public init(kind: Kind, cores: ClosedRange<Int>) {
            self.kind = kind
            self.cores = cores
        }

        public var description: String {
            cores.count == 1 ? "\(kind):\(cores.lowerBound)" : "\(kind):\(cores.lowerBound)-\(cores.upperBound)"
        }
    }

    /// How layers are cut into stages: `partition: uniform`, `parameters`, `flops`, `profile`, `auto`, `type:REGEX`, or
    /// where.
    public enum Partition: Hashable, Sendable {
        /// Equally many layers for each stage, within one.
        case uniform
        /// Balances the layers' parameters.
        case parameters
        /// Balances the layers' FLOPs of all passes.
        case flops
        /// What `echelon profile` measured: cuts that make the schedule's step short.
        case profile
        /// As `profile` where there is one, else as `flops`.
        case auto
        /// `type:REGEX`: balances the layers whose kind matches.
        case type(String)
        /// `{cuts: [5, 9.mlp]}`: the first layer of each stage but the first, or the part of one that it begins with.
        case cuts([Cut])
    }

    /// The schedules that can be generated: `1f1b`, `gpipe`, `zb-h1`, …
    public typealias ScheduleName = Scheduling.ScheduleName

    /// global = micro × microBatches × replicas; of the first, the second and the product any two suffice.
    ///
    ///     PipelineManifest.Batch(micro: 2, microBatches: 8).global      // 16 samples for each update
    public struct Batch: Hashable, Sendable {
        /// Samples of one micro-batch: 1 … 16384.
        public var micro: Int
        /// Micro-batches of one update in each replica: 1 … 2²⁰.
        public var microBatches: Int
        /// Copies of the pipeline among which the micro-batches are shared out.
        public var replicas: Int
        /// Micro-batches of one update in all replicas.
        public var microBatchesPerStep: Int { microBatches * replicas }
        /// Samples of one update.
        public var global: Int { micro * microBatchesPerStep }

        /// Limits and the schedule's demands are checked where a run or a plan begins.
        public init(micro: Int, microBatches: Int, replicas: Int = 1) {
            self.micro = micro
            self.microBatches = microBatches
            self.replicas = replicas
        }
    }

    /// `recompute: none`, `stage` (all but what enters the stage), or `{every: N}` (all but what enters each N layers)
    public typealias Recompute = Recomputation

    /// `data: {text: […], tokenizer: bytes, sequence: 256, order: shuffled}`,
    /// `data: {tokens: FILE, type: u16, sequence: 256, order: sequential}`,
    /// `data: {samples: FILE.jsonl, order: shuffled}` (tokenised before: `input_ids` and `labels`),
    /// `data: {shards: FOLDER, order: shuffled}` (what `echelon data prepare` wrote),
    /// `data: {random: 16385, sequence: 256}` (uniform tokens, for benchmarks),
    /// `data: {rows: FILE, inputs: 8, targets: 2}` (raw f32 rows: inputs, then targets; for mean-squared-error).
    /// A data set has one source: `--set data.tokens=FILE` replaces whichever the file names.
    ///
    ///     let data = PipelineManifest.Data.text(["corpus.txt"], sequence: 256)
    public struct Data: Hashable, Sendable {
        /// Where samples come from. Paths can be opened from the working directory.
        public enum Source: Hashable, Sendable {
            /// Files whose bytes are tokens, one behind the other.
            case text([String])
            /// A raw file of little-endian token ids.
            case tokens(String, TokenType)
            /// A JSON object a line, with `input_ids` and `labels`.
            case samples(String)
            /// A folder that `echelon data prepare` wrote.
            case shards(String)
            /// So many uniform tokens, computed from the run's seed.
            case random(count: Int)
            /// A raw file of little-endian f32: each row so many inputs, then so many targets.
            case rows(String, inputs: Int, targets: Int)
        }
        /// The integers of a token file.
        public enum TokenType: String, Hashable, Sendable, CaseIterable {
            /// Unsigned, 2 bytes.
            case u16
            /// Signed, 4 bytes.
            case i32
        }
        /// In which order samples are trained on.
        public enum Order: String, Hashable, Sendable, CaseIterable {
            /// As they are stored, over and over.
            case sequential
            /// Each epoch in another random order, every sample once.
            case shuffled
        }
        /// Where samples come from.
        public var source: Source
        /// Tokens of one sample, or of one row; nil for rows of numbers, and for samples and shards where it is as many as the
        /// longest has.
        public var sequence: Int?
        /// Shuffled for texts, samples and shards unless written, else sequential.
        public var order: Order
        /// Whether the samples of a micro-batch lie in one row, one behind the other, instead of a padded row each.
        public var isPacked: Bool

        /// `.text`, `.tokens`, `.samples`, `.shards`, `.random` and `.rows` are the shorter ways. `sequence` is nil for
        /// rows, and may be for samples and shards.
        public init(source: Source, sequence: Int?, order: Order, isPacked: Bool = false) {
            self.source = source
            self.sequence = sequence
            self.order = order
            self.isPacked = isPacked
        }
    }
}
