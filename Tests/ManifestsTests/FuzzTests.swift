import Manifests
import Notation
import Testing

/// Whatever the text, it loads or it throws, and what loads can be written out and loaded again.
@Suite struct FuzzTests {
    /// xorshift64*: the same mutations on every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 2_685_821_657_736_338_717
        }
    }

    private static let fragments = [
        "[", "]", "{", "}", ": ", "- ", "\n", "\n  ", ",", "\"", "'", "#", "&a ", "*a", "!!int ", "|", ">", "? ", "%",
        "---",
        "null", "~", "true", "-1", "0", "1e309", "nan", ".inf", "99999999999999999999", "9223372036854775807",
        "16777216",
        "0x10", "007", "\u{0}", "\u{85}", "\u{FEFF}", "é", "\t", "\\", "\\x00", "<<", "type:(", "cpu:", "sim:9-1",
        "repeat: 10000",
        "residual", "layers", "=", "@", "`",
    ]

    private static func mutate(_ text: [UInt8], with random: inout Random) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0...text.count, using: &random)
            let end = min(text.count, position + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: text.removeSubrange(position..<end)
            case 1: text.insert(contentsOf: text[position..<end], at: Int.random(in: 0...text.count, using: &random))
            case 2 where position < text.count: text[position] = UInt8.random(in: 0...255, using: &random)
            default: text.insert(contentsOf: (fragments.randomElement(using: &random) ?? "").utf8, at: position)
            }
        }
        return text
    }

    private static let models = [
        "{layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 3, layers: [{residual: [relu, dropout: 0.1]}]}, "
            + "{split: [4, 4]}, concatenate, {reshape: [2, 4]}, flatten, {linear: {in: 8, out: 256}}], loss: cross-entropy}",
        "\n  loss: cross-entropy\n  layers:\n    - embedding: {vocab: 256, width: 8, positions: 4}\n    - repeat: 2\n"
            + "      layers:\n        - transformer: {width: 8, heads: 2, norm: rms-norm}\n    - linear: {in: 8, out: 9}",
    ]

    private static var seeds: [String] {
        models.flatMap { model in
            [
                Pipelines.yaml([
                    "model": model, "optimizer": "{sgd: {lr: 0.1, momentum: 0.9}}", "clip": "1.0", "by_hand": "[1]",
                    "partition": "{cuts: [2]}", "learning_rate": "{warmup: 2, decay: cosine, minimum: 1e-5}",
                ]),
                Pipelines.yaml([
                    "model": model, "devices": "\n  - sim:0\n  - sim:1",
                    "sim":
                        "{layer_ms: 3, slow: {stage: 1, ms: 5, every: 2}, link: {from: 0, to: 1, ms: 2}, read_ms: 4}",
                    "partition": "type:linear",
                    "data": "\n  random: 100\n  sequence: 8", "batch": "{micro: 2, global: 8}",
                ]),
            ]
        }
    }

    @Test(arguments: 0..<8) func `mutated manifests load or throw`(_ round: UInt64) throws {
        var random = Random(state: 0x9E37_79B9_7F4A_7C15 &+ round)
        let seeds = Self.seeds.map { Array($0.utf8) }
        var loaded = 0
        for index in 0..<1000 {
            let text = String(decoding: Self.mutate(seeds[index % seeds.count], with: &random), as: UTF8.self)
            guard let manifest = try? PipelineManifest.decode(yaml: text, file: "f.yaml") else { continue }
            loaded += 1
            let yaml = manifest.resolvedYAML()
            #expect(throws: Never.self, "\(text)") { try PipelineManifest.decode(yaml: yaml, file: "r.yaml") }
        }
        #expect(loaded > 0)
    }

    @Test func `mutated overrides apply or throw`() {
        var random = Random(state: 88_172_645_463_325_252)
        let sets = [
            "devices=[cpu:0, cpu:1]", "batch.global=4", "optimizer.sgd={lr: 0.1}", "model.layers.0.embedding.width=3",
            "data.tokens=a", "partition={cuts: [1]}", "devices.0=cpu:1", "clip=null",
        ].map { Array($0.utf8) }
        var applied = 0
        for index in 0..<3000 {
            let set = String(decoding: Self.mutate(sets[index % sets.count], with: &random), as: UTF8.self)
            let manifest = try? PipelineManifest.decode(yaml: Pipelines.yaml(), file: "f.yaml", overrides: [set])
            applied += manifest == nil ? 0 : 1
        }
        #expect(applied > 10)
    }

    @Test func `noise throws`() {
        var random = Random(state: 42)
        for _ in 0..<20_000 {
            let words = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Self.fragments.randomElement(using: &random) ?? ""
            }
            let message = Pipelines.message(words.joined())
            #expect(message != "(no error)")
            // "an anchor (&)" is said before anything is composed; this would be said after.
            #expect(!message.contains("an anchor;"), "\(words.joined())")
        }
    }
}
