import Layers
import Manifests
import Models
import Notation
import Optimizers
import Partitioning
import Scheduling
import Tensors
import Testing

/// What valid manifests mean.
@Suite struct DecodingTests {
    @Test func `defaults are filled in`() throws {
        let manifest = try Pipelines.load()
        #expect(manifest.name == "x")
        #expect(manifest.modelPath == nil)
        #expect(manifest.devices.map(\.description) == ["cpu:0", "cpu:1"])
        #expect(manifest.partition == .flops)
        #expect(manifest.schedule == .named(.oneForwardOneBackward))
        #expect(manifest.precision == .f32)
        #expect(
            manifest.optimizer.yaml == "adamw: {lr: 0.001, betas: [0.9, 0.999], eps: 1e-08, weight_decay: 0.01}")
        #expect(manifest.learningRate == LearningRate())
        #expect(manifest.clip == nil)
        #expect(manifest.data == .init(source: .text(["p/a.txt"]), sequence: 16, order: .shuffled))
        #expect(manifest.seed == 0)
        #expect(manifest.weights == nil)
        #expect(manifest.logEvery == 10 && manifest.events == 256 << 20)
        #expect(manifest.byHand == [])
    }

    @Test func `every key is read`() throws {
        let manifest = try Pipelines.load([
            "name": "run-7", "devices": "[cpu:0-3, cpu:4]", "partition": "{cuts: [2]}", "schedule": "gpipe",
            "precision": "f32", "optimizer": "{sgd: {lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 1e-4}}",
            "learning_rate": "{warmup: 3, decay: linear, minimum: 0.01}", "clip": "1",
            "data": "{tokens: ../t.i32, type: i32, sequence: 8, order: shuffled}", "seed": "18446744073709551615",
            "weights": "/w.safetensors", "log_every": "1", "events": "16MiB",
            "metrics": "[tensorboard]", "by_hand": "[1, 0]",
        ])
        #expect(manifest.name == "run-7")
        #expect(manifest.devices[0] == .init(kind: .cpu, cores: 0...3))
        #expect(manifest.partition == .cuts([2]))
        #expect(manifest.schedule == .named(.gpipe))
        #expect(
            manifest.optimizer.yaml
                == "sgd: {lr: 0.1, momentum: 0.9, dampening: 0.0, nesterov: true, weight_decay: 0.0001}")
        #expect(manifest.learningRate == LearningRate(warmup: 3, decay: LinearDecay(), minimum: 0.01))
        #expect(manifest.clip == 1)
        #expect(manifest.data == .init(source: .tokens("t.i32", .i32), sequence: 8, order: .shuffled))
        #expect(manifest.seed == .max)
        #expect(manifest.weights == "/w.safetensors")
        #expect(manifest.byHand == [1, 0])
        #expect(manifest.metrics == [.tensorboard])
    }

    @Test func `a decay with settings of its own is read`() throws {
        let manifest = try Pipelines.load([
            "learning_rate": "{warmup: 3, warmup_from: 0, decay: {wsd: {decay_steps: 7, shape: 1-sqrt}}, minimum: 1e-6}"
        ])
        let decay = StableDecay(decaySteps: 7, shape: .root)
        #expect(manifest.learningRate == LearningRate(warmup: 3, decay: decay, minimum: 1e-6, warmupFrom: 0))
        #expect(try Pipelines.load(["metrics": "[]"]).metrics == [])
    }

    @Test(arguments: [
        ("{micro: 2, microbatches: 8}", 2, 8), ("{micro: 2, global: 16}", 2, 8),
        ("{microbatches: 8, global: 16}", 2, 8),
        ("{micro: 2, microbatches: 8, global: 16}", 2, 8),
    ]) func `any two of a batch give the third`(_ yaml: String, _ micro: Int, _ microBatches: Int) throws {
        let batch = try Pipelines.load(["batch": yaml]).batch
        #expect(batch == .init(micro: micro, microBatches: microBatches))
        #expect(batch.global == 16)
    }

    @Test func `short forms mean their long ones`() throws {
        #expect(
            try Pipelines.load(["optimizer": "adam"]).optimizer.yaml
                == Pipelines.load(["optimizer": "{adam: {}}"]).optimizer.yaml
        )
        let texts = try Pipelines.load(["data": "{text: [b.txt, /c.txt], sequence: 4}"]).data
        #expect(texts.source == .text(["p/b.txt", "/c.txt"]))
        #expect(try Pipelines.load(["partition": "type:linear|relu"]).partition == .type("linear|relu"))
    }

    @Test func `sim devices have a pace`() throws {
        let devices = "[sim:0, sim:1]"
        #expect(try Pipelines.load(["devices": devices]).simulation.pace == .secondsPerLayer(0.01))
        let timed = try Pipelines.load(["devices": devices, "sim": "{layer_ms: 20}"])
        #expect(timed.simulation.pace == .secondsPerLayer(0.02))
        #expect(try Pipelines.load(["devices": devices, "sim": "{gflops: 100}"]).simulation.pace == .gflops(100))
    }

    @Test func `sim devices can be given faults`() throws {
        let sim = "{layer_ms: 20, slow: {stage: 1, ms: 30}, link: {from: 0, to: 1, ms: 0.5}, read_ms: 7}"
        let simulation = try Pipelines.load(["devices": "[sim:0, sim:1]", "sim": sim]).simulation
        #expect(simulation.pace == .secondsPerLayer(0.02))
        #expect(simulation.slow?.stage == 1 && simulation.slow?.milliseconds == 30 && simulation.slow?.every == 8)
        #expect(simulation.link?.from == 0 && simulation.link?.to == 1 && simulation.link?.milliseconds == 0.5)
        #expect(simulation.readMilliseconds == 7)
        let reading = try Pipelines.load(["devices": "[sim:0, sim:1]", "sim": "{read_ms: 7}"]).simulation
        #expect(reading.pace == .secondsPerLayer(0.01) && reading.slow == nil && reading.link == nil)
    }

    @Test func `rows go with the mean squared error`() throws {
        let manifest = try Pipelines.load([
            "model": "{layers: [{linear: {in: 8, out: 2}}, relu], loss: mean-squared-error}",
            "data": "{rows: r.f32, inputs: 8, targets: 2}",
        ])
        #expect(
            manifest.data == .init(source: .rows("p/r.f32", inputs: 8, targets: 2), sequence: nil, order: .sequential))
    }

    @Test func `samples need no length and are shuffled unless written`() throws {
        let manifest = try Pipelines.load(["data": "{samples: s.jsonl}"])
        #expect(manifest.data == .init(source: .samples("p/s.jsonl"), sequence: nil, order: .shuffled))
        #expect(manifest.data == .samples("p/s.jsonl"))
        let written = try Pipelines.load(["data": "{samples: /s.jsonl, sequence: 7, order: sequential}"])
        #expect(written.data == .init(source: .samples("/s.jsonl"), sequence: 7, order: .sequential))
        let set = try Pipelines.load(
            ["data": "{text: a.txt, tokenizer: bytes, sequence: 16}"], set: "data.samples=s.jsonl",
            "data.sequence=null")
        #expect(set.data == .samples("s.jsonl"))
    }

    @Test func `shards need no length and are shuffled unless written`() throws {
        #expect(try Pipelines.load(["data": "{shards: s}"]).data == .shards("p/s"))
        let written = try Pipelines.load(["data": "{shards: /s, sequence: 7, order: sequential}"])
        #expect(written.data == .shards("/s", sequence: 7, order: .sequential))
    }

    @Test func `a length that a file told keeps the limits of one that is written`() throws {
        let manifest = try Pipelines.load(["data": "{samples: s.jsonl}", "batch": "{micro: 16384, microbatches: 1}"])
        #expect(try manifest.withSequence(1024).data.sequence == 1024)
        let written = Pipelines.message(
            Pipelines.yaml(["data": "{samples: s.jsonl}", "batch": "{micro: 16384, microbatches: 1}"]),
            set: ["data.sequence=1025"])
        let told = try #require(throws: ManifestError.self) { try manifest.withSequence(1025) }
        #expect(told.description.hasSuffix("a micro-batch of 16384 × 1025 tokens; expected at most 16777216 tokens"))
        #expect(written == told.description)
        let long = try #require(throws: ManifestError.self) {
            try Pipelines.load(["data": "{samples: s.jsonl}"]).withSequence(1 << 21)
        }
        #expect(long.description == "p/x.yaml:4:7: a sample of 2097152 tokens; expected at most 1048576")
    }

    @Test func `each kind of layer is read`() throws {
        let kinds = try Pipelines.model(
            """
            [{embedding: {vocab: 9, width: 4, positions: 3}}, {embedding: {vocab: 9, width: 4}}, {linear: {in: 4, out: 2}},
             {linear: {in: 4, out: 2, bias: false}}, {layer-norm: {width: 4}}, {rms-norm: {width: 4, epsilon: 1e-3}}, gelu,
             gelu: tanh, relu, silu, tanh, sigmoid, dropout: 0.1, {attention: {width: 4, heads: 2, causal: false}},
             {residual: [relu, {residual: [silu]}]}, split: 2, {split: [1, 3]}, add, concatenate, select: 1, stash: a, pop: a,
             flatten, {reshape: [2, 2]}]
            """)
        #expect(
            kinds == [
                "embedding: {vocab: 9, width: 4, positions: 3, scale: 1.0}",
                "embedding: {vocab: 9, width: 4, scale: 1.0}",
                "linear: {in: 4, out: 2, bias: true}", "linear: {in: 4, out: 2, bias: false}",
                "layer-norm: {width: 4, epsilon: 1e-05, bias: true}",
                "rms-norm: {width: 4, epsilon: 0.001, unit_offset: false}",
                "gelu: erf", "gelu: tanh", "relu", "silu", "tanh", "sigmoid", "dropout: 0.1",
                "attention: {width: 4, heads: 2, causal: false, bias: true}",
                "residual: [relu, {residual: [silu]}]", "split: 2", "split: [1, 3]", "add", "concatenate", "select: 1",
                "stash: \"a\"", "pop: \"a\"", "flatten", "reshape: [2, 2]",
            ])
    }

    @Test func `a transformer's settings`() throws {
        let kinds = try Pipelines.model(
            """
            [{transformer: {width: 8, heads: 2}}, {transformer: {width: 8, heads: 2, hidden: 9, activation: relu,
              causal: false, bias: false, norm: rms-norm, dropout: 0.5}}]
            """)
        #expect(
            kinds == [
                Transformer(width: 8, heads: 2).yaml,
                Transformer(
                    width: 8, heads: 2, hidden: 9, activation: .relu, causal: false, bias: false, norm: .rmsNorm,
                    epsilon: 1e-6, dropout: 0.5
                ).yaml,
            ])
    }

    @Test func `repeat blocks are written out, nested ones multiplied`() throws {
        let kinds = try Pipelines.model(
            """

              - relu
              - repeat: 2
                layers:
                  - tanh
                  - repeat: 3
                    layers: [silu]
              - residual:
                  - repeat: 2
                    layers: [add]
            """)
        let block = ["tanh", "silu", "silu", "silu"]
        #expect(kinds == ["relu"] + block + block + ["residual: [add, add]"])
    }

    @Test func `a hundred thousand layers are read and one more is not`() throws {
        #expect(try Pipelines.model("[{repeat: 10000, layers: [{repeat: 10, layers: [relu]}]}]").count == 100_000)
        #expect(throws: ManifestError.self) {
            try Pipelines.model("[{repeat: 10000, layers: [{repeat: 10, layers: [relu]}]}, relu]")
        }
        #expect(throws: ManifestError.self) {
            try Pipelines.model("[{repeat: 10000, layers: [{residual: [{repeat: 10, layers: [relu]}]}]}]")
        }
    }

    @Test func `later checks find where a value was written`() throws {
        let manifest = try Pipelines.load(["weights": "w.safetensors", "partition": "{cuts: [1]}"], set: "seed=3")
        #expect(manifest.mark(of: "devices.1").description == "p/x.yaml:2:18")
        #expect(manifest.mark(of: "weights").description == "p/x.yaml:6:10")
        #expect(manifest.mark(of: "partition.cuts.0").description == "p/x.yaml:7:20")
        #expect(manifest.mark(of: "data.sequence").description == "p/x.yaml:4:31")
        #expect(manifest.mark(of: "seed").description == "--set seed=3")
        #expect(manifest.mark(of: "data.order").description == "p/x.yaml:4:7")
        #expect(manifest.mark(of: "optimizer.adamw.lr").description == "p/x.yaml:1:1")
        #expect(manifest.model.layers[2].mark.description == "p/x.yaml:1:62")
    }

    @Test func `cuts may stand inside transformers`() throws {
        let model =
            "{layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 2, layers: [{transformer: {width: 8, heads: 2}}]}, "
            + "{linear: {in: 8, out: 256}}], loss: cross-entropy}"
        func load(_ cuts: String, devices: String = "[cpu:0, cpu:1, cpu:2]") -> String {
            Pipelines.message(
                Pipelines.yaml(["model": model, "devices": devices, "partition": "{cuts: \(cuts)}"]))
        }
        let manifest = try Pipelines.load([
            "model": model, "devices": "[cpu:0, cpu:1, cpu:2]", "partition": "{cuts: [1.mlp, 2]}",
        ])
        #expect(manifest.partition == .cuts(["1.mlp", 2]))
        #expect(manifest.resolvedYAML().contains("partition: {cuts: [1.mlp, 2]}"))
        let expected = "which is no place of layer 1 (transformer); expected 1 or 1.mlp"
        #expect(load("[1.attention, 2]").hasSuffix("cut 1.attention, " + expected))
        #expect(load("[1.mpl, 2]").hasSuffix("cut 1.mpl, " + expected))
        #expect(load("[2.mlp, 2]").hasSuffix("cut 2 behind cut 2.mlp; expected cuts in rising order"))
        #expect(load("[1.mlp, 1.mlp]").hasSuffix("cut 1.mlp behind cut 1.mlp; expected cuts in rising order"))
        let alone = try Pipelines.load([
            "model": "{layers: [{transformer: {width: 8, heads: 2}}], loss: mean-squared-error}",
            "data": "{rows: r.f32, inputs: 8, targets: 8}", "partition": "{cuts: [0.mlp]}",
        ])
        #expect(alone.partition == .cuts(["0.mlp"]))
    }
}
