import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// `data prepare`, `data show`, and `data: {shards: DIR}`.
    @Suite struct DataTests {
        private static let records = """
            {"prompt": "1+1=", "response": "2"}
            {"prompt": "2+2=", "response": "4"}
            {"prompt": "12+3=", "response": "15"}

            """

        private func lab() throws -> Lab {
            let lab = try Lab(model: Lab.model.replacing("61", with: "257"))
            try lab.folder.write(Self.records, to: "train.jsonl")
            let outcome = try lab.run(["data", "prepare", "train.jsonl", "--out", "shards", "--tokenizer", "bytes"])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("shards: 3 samples in 1 shard, 20 tokens, 7 of them targets\n"))
            return lab
        }

        @Test func `shards train as the same samples in a file do on one stage and two, and write text`() throws {
            let lab = try lab()
            func line(_ prompt: String, _ response: String) -> String {
                let (prompt, response) = (prompt.utf8.map { Int($0) }, response.utf8.map { Int($0) } + [256])
                return "{\"input_ids\": \(prompt + response), \"labels\": \(prompt.map { _ in -100 } + response)}\n"
            }
            try lab.folder.write(line("1+1=", "2") + line("2+2=", "4") + line("12+3=", "15"), to: "same.jsonl")
            let data = ["steps=2", "data.sequence=null"]
            let same = try lab.train(data + ["data.samples=same.jsonl"], run: "same")
            for stages in [1, 2] {
                let overrides = data + ["data.shards=shards", "devices=\(Lab.devices(stages))"]
                let run = try lab.train(overrides, run: "\(stages)")
                #expect(run.losses == same.losses && run.weights != nil && run.weights == same.weights, "\(stages)")
            }
            let text = try lab.run(["generate", "2", "--prompt", "1+1=", "--tokens", "3", "--greedy"])
            #expect(text.exitCode == 0 && text.output.hasPrefix("1+1="), "\(text.output)\(text.errors)")
        }

        private struct Figures: Decodable {
            struct Answers: Decodable {
                var right: Int
                var count: Int
            }
            var loss: Double
            var tokens: Int
            var exactMatch: Answers?

            enum CodingKeys: String, CodingKey {
                case loss, tokens
                case exactMatch = "exact_match"
            }
        }

        /// pipelines/addition.yaml in small: sixteen sums, all of them learnt.
        @Test(arguments: [false, true])
        func `a model of bytes learns from nothing to answer sums and to end there`(isPacked: Bool) throws {
            let lab = try Lab(
                model: """
                    layers:
                      - embedding: {vocab: 257, width: 32, positions: 48}
                      - repeat: 2
                        layers:
                          - transformer: {width: 32, heads: 2}
                      - layer-norm: {width: 32}
                      - linear: {in: 32, out: 257, bias: false}
                    loss: cross-entropy

                    """,
                pipeline: """
                    model: model.yaml
                    devices: \(Lab.devices(2))
                    batch: {micro: 8, microbatches: 2}
                    optimizer: {adamw: {lr: 1e-2}}
                    learning_rate: {decay: linear, minimum: 1e-4}
                    clip: 1.0
                    data: {shards: shards, pack: \(isPacked)}
                    steps: 200

                    """)
            let sums = (0..<4).flatMap { a in
                (0..<4).map { "{\"prompt\": \"\(a)+\($0)=\", \"response\": \"\(a + $0)\"}\n" }
            }
            try lab.folder.write(sums.joined(), to: "sums.jsonl")
            let prepared = try lab.run(["data", "prepare", "sums.jsonl", "--out", "shards", "--tokenizer", "bytes"])
            try #require(prepared.exitCode == 0, "\(prepared.errors)")
            let run = try lab.train()
            #expect(run.steps.count == 200)
            let outcome = try lab.run(["evaluate", "run", "--data", "sums.jsonl", "--generate", "--json"])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            let found = try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
            #expect(found.exactMatch?.right == 16 && found.exactMatch?.count == 16, "\(outcome.output)")
            let shards = try lab.run(["evaluate", "run", "--data", "shards", "--json"])
            let same = try JSONDecoder().decode(Figures.self, from: Data(shards.output.utf8))
            #expect(same.loss == found.loss && same.tokens == 32, "\(shards.errors)")
        }

        @Test func `a sample is shown as the model will see it`() throws {
            let lab = try lab()
            let shown = try lab.run(["data", "show", "shards", "--sample", "2"])
            #expect(shown.exitCode == 0 && shown.output == "⟦12+3=⟧15<end>\n")
            let all = try lab.run(["data", "show", "shards"])
            #expect(all.output.contains("longest 8") && all.output.contains("█"))
            let outside = try lab.run(["data", "show", "shards", "--sample", "3"])
            #expect(outside.exitCode == 64 && outside.errors.contains("expected 0 to 2, got 3"))
        }

        @Test func `a record that is no sample and a vocabulary that is too small end with 64`() throws {
            let lab = try lab()
            try lab.folder.write("{\"prompt\": \"a\", \"response\": \"b\"}\n{\"prompt\": 1}\n", to: "bad.jsonl")
            let bad = try lab.run(["data", "prepare", "bad.jsonl", "--out", "bad", "--tokenizer", "bytes"])
            #expect(bad.exitCode == 64 && bad.errors.contains("bad.jsonl:2:12: expected a text for \"prompt\""))
            #expect(!lab.folder.exists("bad/manifest.json"))
            try lab.folder.write(Lab.model, to: "model.yaml")
            let outcome = try lab.startTraining(["data.shards=shards", "data.sequence=null"]).finish()
            #expect(
                outcome.exitCode == 64 && outcome.errors.contains("is outside the vocabulary of 61: expected 0 to 60"))
            try lab.folder.write("damage", to: "shards/tokens-00000.u32")
            let damaged = try lab.startTraining(["data.shards=shards", "data.sequence=null"]).finish()
            #expect(damaged.exitCode == 64 && damaged.errors.contains("tokens-00000.u32: expected 80 bytes"))
        }
    }
}
