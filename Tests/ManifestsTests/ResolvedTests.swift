import Foundation
import Manifests
import Models
import Notation
import Testing

/// The resolved form means what the manifest means, wherever it lies.
@Suite struct ResolvedTests {
    /// A manifest without what may differ: marks, and where the model's file lay.
    private func meaning(_ manifest: PipelineManifest) -> PipelineManifest {
        let mark = Mark(file: "", line: 1, column: 1)
        var manifest = manifest
        manifest.marks = [:]
        manifest.modelPath = nil
        for index in manifest.model.layers.indices { manifest.model.layers[index].mark = mark }
        manifest.model.mark = mark
        return manifest
    }

    private func expectSame(_ manifest: PipelineManifest) throws {
        let yaml = manifest.resolvedYAML()
        let again = try PipelineManifest.decode(yaml: yaml, file: "elsewhere/resolved.yaml")
        #expect(again.resolvedYAML() == yaml)
        #expect(meaning(again) == meaning(manifest))
    }

    @Test(arguments: Shipped.pipelines) func `loads back to an equal value`(_ path: String) throws {
        try expectSame(PipelineManifest.load(path: path))
    }

    @Test(
        arguments: [
            ["data": "{tokens: /t.i32, type: i32, sequence: 8}", "clip": "0.1", "weights": "/w"],
            ["data": "{text: [\"/a: 'b' \\\"c\\\" \\\\ # &d \\u00e9\\n\\u2028\"], sequence: 8}"],
            ["evaluate": "{data: {samples: /h.jsonl}, every: 7}", "data": "{random: 9, sequence: 8}"],
            [
                "evaluate": "{data: {tokens: /h.i32, type: i32}, every: 1, samples: 9, keep_best: false}",
                "data": "{random: 9, sequence: 8}",
            ],
            ["data": "{samples: /s.jsonl}"], ["data": "{samples: /s.jsonl, sequence: 8, order: sequential}"],
            ["data": "{shards: /s}"], ["data": "{shards: /s, sequence: 8, pack: true, order: sequential}"],
            ["data": "{random: 9, sequence: 8}", "optimizer": "{sgd: {momentum: 0.1, dampening: 0.3}}"],
            ["optimizer": "{adam: {betas: [0, 0.3333333333333333], eps: 1e-30}}", "data": "{random: 9, sequence: 8}"],
            ["devices": "[sim:0, sim:3]", "sim": "{layer_ms: 0.3}", "data": "{random: 9, sequence: 8}"],
            ["devices": "[sim:0, sim:3]", "sim": "{gflops: 1e9}", "data": "{random: 9, sequence: 8}"],
            [
                "devices": "[sim:0, sim:3]", "data": "{random: 9, sequence: 8}",
                "sim": "{slow: {stage: 1, ms: 0.1, every: 3}, link: {from: 1, to: 0, ms: 1e-3}, read_ms: 0.7}",
            ],
            ["partition": "'type:[a-z]{2}: #'", "data": "{random: 9, sequence: 8}", "by_hand": "[1]"],
            ["partition": "profile", "memory": "[1.5GiB, 800 MB]", "data": "{random: 9, sequence: 8}"],
            [
                "schedule": "{ranks: [\"0F0 0B0\", '1F0, 1I0,, 1W0'], name: a b}", "partition": "{cuts: [1, 2]}",
                "data": "{random: 9, sequence: 8}",
            ],
            [
                "learning_rate": "{warmup: 2, decay: {wsd: {decay_share: 0.3}}, warmup_from: 0}", "metrics": "[]",
                "data": "{random: 9, sequence: 8}",
            ],
            [
                "learning_rate": "{decay: {wsd: {decay_steps: 3, shape: 1-sqrt}}}", "metrics": "[tensorboard]",
                "data": "{random: 9, sequence: 8}",
            ],
            [
                "links":
                    "{gbps: 1, ms: 0.1, between: [{hosts: [\"b: c\", a], gbps: 1e-3}, {hosts: [d, localhost], gbps: 25}]}",
                "compress": "bf16", "data": "{random: 9, sequence: 8}",
            ],
            [
                "links": "{between: [{hosts: [a, b], gbps: 1}]}", "compress": "{to: int8, links: [[1, 0]]}",
                "data": "{random: 9, sequence: 8}",
            ],
            ["compress": "{to: int8, links: hosts}", "data": "{random: 9, sequence: 8}"],
            ["speculate": "true", "precision": "f16", "data": "{random: 9, sequence: 8}"],
            ["partition": "{cuts: [2]}", "data": "{random: 9, sequence: 8}", "name": "\"a: b\""],
            ["recompute": "{layers: [0, 2]}", "data": "{random: 9, sequence: 8}"],
            ["recompute": "{every: 2}", "data": "{random: 9, sequence: 8}"],
            [
                "model": "{layers: [{linear: {in: 8, out: 2}}, add], loss: mean-squared-error}",
                "data": "{rows: /r.f32, inputs: 8, targets: 2}",
            ],
            [
                "model": """
                {layers: [{embedding: {vocab: 9, width: 4}}, {layer-norm: {width: 4}}, {rms-norm: {width: 4}}, gelu, \
                gelu: tanh, relu, dropout: 0.1, {attention: {width: 4, heads: 2}}, {residual: [relu, {residual: \
                [{transformer: {width: 4, heads: 1}}, stash: 'a: b']}, gelu: erf]}, split: 2, {split: [1, 3]}, add, \
                concatenate, select: 1, pop: 'a: b', flatten, {reshape: [2, 2]}], loss: cross-entropy}
                """, "data": "{random: 9, sequence: 8}",
            ],
        ] as [[String: String]]) func `every form of every value survives`(_ changes: [String: String]) throws
    {
        var values = Pipelines.base
        values.merge(changes) { $1 }
        let yaml = values.map { "\($0): \($1)\n" }.joined()
        try expectSame(PipelineManifest.decode(yaml: yaml, file: "x.yaml"))
    }

    @Test func `the deepest nesting of residuals survives`() throws {
        let opening = String(repeating: "{residual: [", count: 12)
        let layers = "[\(opening){split: [1, 2]}\(String(repeating: "]}", count: 12))]"
        try expectSame(
            Pipelines.load([
                "model":
                    "{layers: [{linear: {in: 1, out: 1}}, {residual: \(layers.dropFirst(12).dropLast(2))}], loss: cross-entropy}",
                "data": "{random: 17, sequence: 16}",
            ]))
        #expect(throws: ManifestError.self) { try Pipelines.model("[{residual: \(layers)}]") }
    }

    @Test func `relative paths become absolute`() throws {
        let here = FileManager.default.currentDirectoryPath
        let yaml = try Pipelines.load(set: "weights=w").resolvedYAML()
        #expect(yaml.contains("text: [\"\(here)/p/a.txt\"]"))
        #expect(yaml.contains("weights: \"\(here)/w\""))
    }

    @Test func `a model too long to write out is refused`() throws {
        #expect(throws: ManifestError.self) {
            try Pipelines.load([
                "model":
                    "{layers: [{repeat: 10000, layers: [{transformer: {width: 8, heads: 1}}]}], loss: cross-entropy}"
            ])
        }
    }

    @Test func `the text itself`() throws {
        let yaml = try Pipelines.load(["data": "{random: 17, sequence: 16}"]).resolvedYAML()
        #expect(
            yaml == """
                name: "x"
                devices: [cpu:0, cpu:1]
                memory: null
                partition: flops
                schedule: 1f1b
                virtual: 1
                batch: {micro: 2, microbatches: 8}
                precision: f32
                recompute: none
                optimizer: {adamw: {lr: 0.001, betas: [0.9, 0.999], eps: 1e-08, weight_decay: 0.01}}
                train: null
                lora: null
                groups: null
                learning_rate: {warmup: 0, decay: constant}
                clip: null
                on_nan: stop
                deadlines: {load: 600.0, first_step: 600.0, step: null, save: 3600.0, heartbeat: 5.0}
                data: {random: 17, sequence: 16, order: sequential}
                steps: 5
                seed: 0
                weights: null
                log_every: 10
                events: 268435456B
                metrics: [csv, tensorboard]
                by_hand: []
                checkpoint: {every: null, keep_last: 3, keep_every: null}
                model:
                  loss: cross-entropy
                  layers:
                    - embedding: {vocab: 256, width: 8, scale: 1.0}
                    - relu
                    - linear: {in: 8, out: 256, bias: true}

                """)
    }
}
