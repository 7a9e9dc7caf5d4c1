import Manifests
import Models
import Notation
import Optimizers
import Partitioning
import Testing

/// What `--set` changes.
@Suite struct OverrideTests {
    @Test func `sets a value, the last one if set twice`() throws {
        #expect(try Pipelines.load(set: "steps=7", "steps=9").steps == 9)
    }

    @Test func `makes the mappings that are missing`() throws {
        let manifest = try Pipelines.load(set: "optimizer.adamw.lr=3e-4", "learning_rate.warmup=5")
        #expect(manifest.optimizer.learningRate == 3e-4)
        #expect(manifest.learningRate.warmup == 5)
    }

    @Test func `keeps what stands beside`() throws {
        let changes: KeyValuePairs<String, String?> = ["optimizer": "{adamw: {lr: 0.1, eps: 1e-6}}"]
        let manifest = try Pipelines.load(changes, set: "optimizer.adamw.lr=0.2")
        #expect(manifest.optimizer.yaml == "adamw: {lr: 0.2, betas: [0.9, 0.999], eps: 1e-06, weight_decay: 0.01}")
    }

    @Test func `reaches into lists`() throws {
        let manifest = try Pipelines.load(set: "devices.1=cpu:5", "model.layers.2.linear.out=300")
        #expect(manifest.devices[1].description == "cpu:5")
        #expect(manifest.model.layers[2].yaml == "linear: {in: 8, out: 300, bias: true}")
    }

    @Test func `reads lists and mappings`() throws {
        let manifest = try Pipelines.load(set: "devices=[cpu:0, cpu:1, cpu:0]", "partition={cuts: [1, 2]}")
        #expect(manifest.devices.count == 3)
        #expect(manifest.partition == .cuts([1, 2]))
    }

    @Test func `replaces a choice by another`() throws {
        let tokens = try Pipelines.load(
            ["data": "{text: a.txt, tokenizer: bytes, sequence: 16}"], set: "data.tokens=t.u16")
        #expect(tokens.data == .init(source: .tokens("t.u16", .u16), sequence: 16, order: .sequential))
        let typed = try Pipelines.load(set: "data.type=i32", "data.tokens=t.i32")
        #expect(typed.data.source == .tokens("t.i32", .i32))
        let sgd = try Pipelines.load(["optimizer": "{adamw: {lr: 0.5}}"], set: "optimizer.sgd.lr=0.1")
        #expect(sgd.optimizer.learningRate == 0.1)
        let cuts = try Pipelines.load(["partition": "uniform"], set: "partition.cuts=[1]")
        #expect(cuts.partition == .cuts([1]))
        let none = try Pipelines.load(["clip": "1.0"], set: "clip=null")
        #expect(none.clip == nil)
        let pace = try Pipelines.load(
            ["devices": "[sim:0, sim:1]", "sim": "{layer_ms: 5}"], set: "sim.gflops=3")
        #expect(pace.simulation.pace == .gflops(3))
    }

    @Test func `passes over what it leaves without effect in the file`() throws {
        let cpu = try Pipelines.load(["devices": "[sim:0, sim:1]", "sim": "{layer_ms: 5}"], set: "devices=[cpu:0]")
        #expect(cpu.devices.count == 1)
        let constant = try Pipelines.load(
            ["learning_rate": "{decay: cosine, minimum: 1e-4}"], set: "learning_rate.decay=constant")
        #expect(constant.learningRate == LearningRate())
        let still = try Pipelines.load(
            ["optimizer": "{sgd: {momentum: 0.9, dampening: 0.1}}"], set: "optimizer.sgd.momentum=0")
        #expect((still.optimizer as? SGD) == SGD())
    }

    @Test(arguments: [
        ("{micro: 2, microbatches: 8}", ["batch.global=32"], 2, 16),
        ("{micro: 2, global: 16}", ["batch.global=32"], 2, 16),
        ("{micro: 2, global: 16}", ["batch.micro=4"], 4, 4), ("{micro: 2, global: 16}", ["batch.microbatches=4"], 2, 4),
        ("{micro: 2, microbatches: 8, global: 16}", ["batch.micro=4"], 4, 4),
        ("{micro: 2, microbatches: 8}", ["batch.microbatches=3", "batch.global=12"], 4, 3),
        ("{micro: 2, microbatches: 8}", ["batch.micro=3", "batch.global=12"], 3, 4),
        ("{micro: 2, microbatches: 8}", ["batch={micro: 1, global: 5}"], 1, 5),
    ]) func `keeps a batch consistent`(_ yaml: String, _ set: [String], _ micro: Int, _ microBatches: Int) throws {
        let yaml = Pipelines.yaml(["batch": yaml])
        let batch = try PipelineManifest.decode(yaml: yaml, file: "x.yaml", overrides: set).batch
        #expect(batch == .init(micro: micro, microBatches: microBatches))
    }

    @Test func `paths are relative to the working directory`() throws {
        let manifest = try Pipelines.load(set: "weights=w.safetensors", "data={text: [b.txt], sequence: 4}")
        #expect(manifest.weights == "w.safetensors")
        #expect(manifest.data.source == .text(["b.txt"]))
        #expect(try Pipelines.load(["weights": "w.safetensors"]).weights == "p/w.safetensors")
    }

    @Test func `applies to the model's file as to a model in place`() throws {
        let demo = "\(Shipped.root)/pipelines/demo.yaml"
        let manifest = try PipelineManifest.load(path: demo, overrides: ["model.layers.1.repeat=2"])
        #expect(manifest.model.layers.count == 5)
        #expect(manifest.modelPath?.hasSuffix("/models/gpt-demo.yaml") == true)
        let other = try PipelineManifest.load(
            path: demo,
            overrides: ["model=\(Shipped.root)/models/gpt-bench.yaml", "model.layers.0.embedding.width=640"])
        #expect(other.model.layers[0].yaml == "embedding: {vocab: 8192, width: 640, positions: 256, scale: 1.0}")
    }
}
