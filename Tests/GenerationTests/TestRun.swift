import CPUDevices
import Checkpoints
import Generation
import Manifests
import Models
import Planning
import Runs
import Tensors
import TestPlans
import TestSupport

/// A run's folder with weights from a seed, as if it had been trained.
struct TestRun {
    /// Learnt positions, blocks of two kinds, and a value that passes stages by.
    static let model = """
        {layers: [{embedding: {vocab: 256, width: 16, positions: 24}}, {stash: x}, {transformer: {width: 16, heads: 2}},
        {residual: [{rms-norm: {width: 16}}, {attention: {width: 16, heads: 4, key_heads: 2, rotary: {}}}]}, {pop: x},
        add, {transformer: {width: 16, heads: 4}}, {layer-norm: {width: 16}},
        {linear: {in: 16, out: 256, bias: false}}], loss: cross-entropy}
        """

    let folder: TemporaryFolder
    let source: ModelSource

    init(_ model: String = model, sequence: Int = 24, spoiling: String? = nil) throws {
        folder = try TemporaryFolder()
        let manifest = try Plans.manifest(model: model, set: ["data={text: x.txt, sequence: \(sequence)}"])
        let directory = RunDirectory(folder.path)
        try folder.write(manifest.resolvedYAML(), to: "pipeline.yaml")
        let graph = try ModelGraph(manifest.model, input: TensorSpec([1, sequence], .i32))
        let draft = try SafetensorsDraft(
            path: directory.weightsPath, layout: try SafetensorsLayout(graph.storedParameters))
        let writer = try SafetensorsWriter(partialPath: draft.partialPath, layout: draft.layout)
        var numbers = Numbers(state: 7)
        for (name, spec) in graph.storedParameters {
            var values = (0..<spec.count).map { _ in Float(numbers.next(below: 2001) - 1000) / 1500 }
            if name == spoiling { values[0] = .nan }
            try writer.write(name, bytes: values)
        }
        try draft.commit(bytesWritten: try writer.finish())
        source = try ModelSource(path: folder.path)
    }

    func plan(stages: Int, positions: Int = 64, texts: Int = 1, chunk: Int = 8) throws -> GenerationPlan {
        try GenerationPlan(
            source, devices: GenerationPlan.devices(stages: stages), positions: positions, texts: texts, chunk: chunk)
    }

    /// What is written behind these prompts.
    func write(
        _ prompts: [[Int32]], count: Int = 12, sampling: Generator.Sampling = .init(temperature: 0), stages: Int = 1,
        chunk: Int = 8
    ) throws -> [GenerationOutcome] {
        let longest = prompts.map(\.count).max() ?? 0
        let run = try GenerationRun(
            try plan(stages: stages, positions: longest + count, texts: prompts.count, chunk: chunk), on: .threads)
        defer { run.close() }
        return try run.generate(
            prompts.map { GenerationRequest(prompt: $0, count: count, sampling: sampling) }, emit: { _, _ in true })
    }
}

extension SafetensorsWriter {
    /// Closures with typed errors and locals of the caller crash the optimizer of Swift 6.3.
    fileprivate func write(_ name: String, bytes: [Float]) throws {
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: bytes.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: bytes)
        try write(name, UnsafeRawBufferPointer(copy))
    }
}
