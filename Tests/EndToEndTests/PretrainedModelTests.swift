import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// A pretrained model's folder through the commands: looked at, trained, exported, looked at again.
    @Suite struct PretrainedModelTests {
        private struct Expected: Decodable {
            var ids: [[Int32]]
            /// After the last ids of each row.
            var logits: [[[Double]]]
        }

        private struct Line: Decodable { var logits: [[Double]] }

        private static func fixture(_ path: String) -> String {
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent(path).path
        }

        /// Its embedding and its head are one tensor.
        private static let model = fixture("FamiliesTests/Fixtures/Models/qwen2")

        private func expected() throws -> Expected {
            try JSONDecoder().decode(
                Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Self.model + "/expected.json")))
        }

        private func output(_ lab: Lab, _ arguments: [String]) throws -> String {
            let outcome = try lab.run(arguments)
            try #require(outcome.exitCode == 0, "\(arguments): \(outcome.output)\(outcome.errors)")
            return outcome.output
        }

        private func logits(_ lab: Lab, of model: String) throws -> [[[Double]]] {
            let ids = try expected().ids.map { "[" + $0.map(String.init).joined(separator: ",") + "]\n" }
            try lab.folder.write(ids.joined(), to: "ids.jsonl")
            let lines = try output(lab, ["logits", model, "--ids", lab.folder.file("ids.jsonl")])
            return try lines.split(separator: "\n").map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8)).logits
            }
        }

        @Test func `its logits are those that transformers has`() throws {
            let (got, expected) = (try logits(Lab(), of: Self.model), try expected())
            #expect(got.count == expected.ids.count)
            for (rows, wanted) in zip(got, expected.logits) {
                for (row, wanted) in zip(rows.suffix(wanted.count), wanted) {
                    #expect(zip(row, wanted).allSatisfy { abs($0 - $1) < 2e-5 } && row.count >= wanted.count)
                }
            }
        }

        @Test func `it learns the same over any number of stages, and its export is what was learnt`() throws {
            let rows = try expected().ids
            let ids = rows[0].map(String.init).joined(separator: ", ")
            let sample = "{\"input_ids\": [\(ids)], \"labels\": [\(ids)]}\n"
            let pipeline = """
                model: {pretrained: "\(Self.model)"}
                devices: \(Lab.devices(1))
                batch: {micro: 1, microbatches: 2}
                optimizer: {adamw: {lr: 1e-3}}
                data: {samples: samples.jsonl, order: sequential}
                steps: 3

                """
            let lab = try Lab(pipeline: pipeline)
            try lab.folder.write(sample + sample, to: "samples.jsonl")
            let whole = try lab.train(run: "whole")
            let cut = try lab.train(["devices=\(Lab.devices(2))"], run: "cut")
            #expect(whole.losses.count == 3 && Set(whole.losses).count == 3 && cut.losses == whole.losses)
            #expect(cut.weights == whole.weights)

            _ = try output(lab, ["export", lab.folder.file("cut"), "--to", lab.folder.file("exported")])
            let learnt = try logits(lab, of: lab.folder.file("cut"))
            #expect(try logits(lab, of: lab.folder.file("exported")) == learnt)
            #expect(try logits(lab, of: Self.model) != learnt)
            let again = try lab.run(["export", lab.folder.file("cut"), "--to", lab.folder.file("exported")])
            #expect(again.exitCode == 64, "a folder with weights is not written over")
        }

        @Test func `it can be looked at, and a folder without a model says what one is`() throws {
            let lab = try Lab()
            let text = try output(lab, ["inspect", Self.model])
            #expect(text.contains("qwen2") && text.contains("tied ones once") && text.contains("2 stages"))
            let nothing = try lab.run(["inspect", lab.folder.file("nothing")])
            #expect(nothing.exitCode == 64 && nothing.errors.contains("config.json"))
        }

        @Test func `a tokenizer's ids come back as their text`() throws {
            let lab = try Lab()
            let tokenizer = Self.fixture("TokenizersTests/Fixtures/qwen2")
            let ids = try output(lab, ["tokenize", tokenizer, "--text", "the first\nline"])
            let line = try output(
                lab, ["tokenize", tokenizer, "--decode", "--text", ids.trimmingCharacters(in: .whitespacesAndNewlines)])
            #expect(line == "\"the first\\nline\"\n")
        }
    }
}
