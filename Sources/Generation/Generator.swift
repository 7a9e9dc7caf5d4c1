import Checkpoints
import Glibc
public import Manifests
import Models
import Planning
public import Runs
import Scheduling
import Stages
import Tensors

/// Writes on from a prompt with a trained model, in this process, on one device.
///
/// Each token runs the whole window through the model: the window is the sequence length it was trained with, and
/// slides once the text is longer.
///
///     let generator = try Generator(run: "runs/demo")
///     try generator.generate(after: [72, 105], count: 100, .init()) { tokens.append($0); return true }
public final class Generator {
    /// How the next token is drawn from the model's logits.
    public struct Sampling: Sendable, Hashable {
        /// 0 takes the likeliest token each time.
        public var temperature: Double
        /// Only the k likeliest tokens are drawn from; nil: all.
        public var topK: Int?
        /// The same seed draws the same tokens after the same prompt.
        public var seed: UInt64

        /// Temperature 0.8 among the 40 likeliest tokens, unless given.
        public init(temperature: Double = 0.8, topK: Int? = 40, seed: UInt64 = 0) {
            self.temperature = temperature
            self.topK = topK
            self.seed = seed
        }
    }

    private let window: Int
    private let vocabulary: Int
    private let executor: StageExecutor
    private let backend: any Backend
    private let logits: Tensor
    private let input: Tensor

    /// - Throws: a user's mistake: a model that is no language model, weights that do not fit it.
    public init(_ manifest: PipelineManifest, weights path: String, threads: Int) throws(RunFailure) {
        let manifest = try manifest.settled()
        guard let sequence = manifest.data.sequence else {
            throw .badInput("generate: this model takes rows of numbers, not tokens: there is no text to write")
        }
        let model: ModelGraph
        do {
            model = try ModelGraph(manifest.model, input: TensorSpec([1, sequence], .i32))
        } catch {
            throw .badInput(error)
        }
        guard let vocabulary = model.vocabulary else {
            throw .badInput("generate: this model has no embedding: there is no text to write")
        }
        let prediction = model.values[model.prediction]
        guard prediction.spec.shape.rank == 3, prediction.spec.shape[1] == sequence else {
            throw .badInput("generate: the model predicts \(prediction.spec), not one token after each of \(sequence)")
        }
        try Self.checkMemory(model)
        window = sequence
        self.vocabulary = vocabulary
        backend = PipelineManifest.Device.hostBackend(threads: threads)
        let layout = PipelineLayout(model, cuts: [])
        do {
            executor = try StageExecutor(
                model: model, layout: layout, stage: 0, slots: 1, microBatches: 1, micro: 1, seed: 0,
                splitsBackward: false, isTraining: false, on: backend)
        } catch {
            throw RunFailure(wrapping: error)
        }
        guard let output = executor.program.loss?.prediction, let start = executor.program.values[model.input] else {
            preconditionFailure("a model of one stage has an input and a prediction")
        }
        logits = executor.tensor(output, 0).reshaped(prediction.spec.shape)
        input = executor.tensor(start, 0)
        try load(path)
    }

    /// A manifest may describe what fits no machine.
    private static func checkMemory(_ model: ModelGraph) throws(RunFailure) {
        let program = StageProgram(
            model, PipelineLayout(model, cuts: []), stage: 0, splitsBackward: false, recomputation: .none,
            on: PipelineManifest.Device.hostBackend(threads: 1))
        let needed = model.stateBytes(nodes: model.nodes.indices, 0).saturatingPlus(program.frameBytes)
            .saturatingPlus(program.transientBytes)
        let physical = sysconf(Int32(_SC_PHYS_PAGES)).saturatingTimes(sysconf(Int32(_SC_PAGESIZE)))
        guard needed <= physical else {
            throw .badInput(
                "generate: the model needs \(needed.bytesText) of memory, this machine has \(physical.bytesText)")
        }
    }

    private func load(_ path: String) throws(RunFailure) {
        do {
            let weights = try Weights(path: path)
            try weights.check(executor.model)
            try executor.loadParameters(weights)
        } catch {
            throw .badInput(error)
        }
    }

    /// Hands every new token to `emit`, one by one; stops early when that returns false.
    public func generate(after prompt: [Int32], count: Int, _ sampling: Sampling, emit: (Int32) -> Bool)
        throws(RunFailure)
    {
        var text = prompt.isEmpty ? [0] : prompt
        for token in text where token < 0 || Int(token) >= vocabulary {
            throw .badInput("generate: the prompt holds token \(token), outside the vocabulary of \(vocabulary)")
        }
        var sampler = TokenSampler(sampling)
        var row = [Float](repeating: 0, count: logits.shape[2])
        for _ in 0..<count {
            let recent = Array(text.suffix(window))
            let padded = recent + [Int32](repeating: 0, count: window - recent.count)
            padded.withUnsafeBytes { backend.upload($0, to: input) }
            executor.predict(step: 0, microBatch: 0, slot: 0)
            let last = logits.slice(start: (recent.count - 1) * row.count, [row.count])
            row.withUnsafeMutableBytes { backend.download(last, to: $0) }
            let token = Int32(sampler.draw(Array(row.prefix(vocabulary))))
            text.append(token)
            if !emit(token) { return }
        }
    }
}
