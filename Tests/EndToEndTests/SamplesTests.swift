import Echelon
import TestSupport
import Testing

extension EndToEndTests {
    /// `data: {samples: FILE}`: what was tokenised before.
    @Suite struct SamplesTests {
        @Test func `lines of a token file train as the token file does on one stage and two`() throws {
            let lab = try Lab()
            let ids = (0..<97).map { $0 * $0 % 61 }
            try lab.folder.write(tokens: ids.map(UInt16.init), to: "tokens.u16")
            // Each line's last id is the next one's first: it is only a target here.
            let lines = (0..<12).map { "{\"input_ids\": \(Array(ids[$0 * 8...$0 * 8 + 8]))}\n" }
            try lab.folder.write(lines.joined(), to: "samples.jsonl")
            let data = ["steps=2", "data.order=shuffled"]
            let tokens = try lab.train(data + ["data.tokens=tokens.u16"], run: "tokens")
            #expect(tokens.losses.count == 2)
            for stages in [1, 2] {
                let overrides = data + ["data.samples=samples.jsonl", "devices=\(Lab.devices(stages))"]
                let run = try lab.train(overrides, run: "\(stages)")
                #expect(run.losses == tokens.losses && run.gradientNorms == tokens.gradientNorms, "\(stages)")
                #expect(run.weights != nil && run.weights == tokens.weights, "\(stages)")
            }
        }

        @Test func `padding and what labels leave out change neither loss nor weights`() throws {
            let lab = try Lab(
                model: Lab.model.replacing(", dropout: 0.1", with: "").replacing("dropout: 0.1", with: "relu"))
            let lines = [
                #"{"input_ids": [1, 2, 3, 4, 5], "labels": [-100, -100, 3, 4, 5]}"#,
                #"{"input_ids": [6, 7, 8], "labels": [-100, 7, 8]}"#,
                #"{"input_ids": [9, 10, 11, 12, 13, 14, 15], "labels": [-100, -100, -100, -100, 13, 14, 15]}"#,
            ]
            let padded = [
                #"{"input_ids": [1, 2, 3, 4, 5, 0], "attention_mask": [1, 1, 1, 1, 1, 0], "labels": [-100, -100, 3, 4, 5, -100]}"#,
                #"{"input_ids": [6, 7, 8, 60], "labels": [1, 7, 8, -100]}"#, lines[2],
            ]
            try lab.folder.write(lines.joined(separator: "\n"), to: "short.jsonl")
            try lab.folder.write(padded.joined(separator: "\n"), to: "padded.jsonl")
            let data = ["steps=2", "data.sequence=null"]
            let short = try lab.train(data + ["data.samples=short.jsonl"], run: "short")
            // Two epochs a step, without padding.
            #expect(short.steps.map(\.tokens) == [2 * (5 + 3 + 7), 2 * (5 + 3 + 7)])
            let other = try lab.train(data + ["data.samples=padded.jsonl"], run: "padded")
            #expect(other.losses == short.losses && other.weights == short.weights)
        }

        /// Samples of 2 to 40 ids: six lengths of micro-batches, or rows that several samples share.
        private func differing(_ lab: Lab) throws {
            let lines = (0..<24).map { line in
                let ids = (0..<2 + line * 29 % 39).map { (line * 7 + $0 * $0) % 61 }
                return "{\"input_ids\": \(ids), \"labels\": \([-100] + ids.dropFirst())}\n"
            }
            try lab.folder.write(lines.joined(), to: "samples.jsonl")
        }

        private static let attentive = """
            layers:
              - embedding: {vocab: 61, width: 12}
              - residual: [{rms-norm: {width: 12}}, {attention: {width: 12, heads: 3, key_heads: 1, rotary: {base: 100}}}]
              - transformer: {width: 12, heads: 2}
              - residual: [{rms-norm: {width: 12}}, {gated-mlp: {width: 12, hidden: 20}}]
              - linear: {in: 12, out: 61}
            loss: cross-entropy

            """

        @Test(arguments: [(false, "lora=null"), (true, "lora=null"), (true, "lora={rank: 2, dropout: 0.1}")])
        func `micro batches of many lengths are the same bits over any number of stages`(
            isPacked: Bool, adapters: String
        ) throws {
            let lab = try Lab(model: Self.attentive)
            try differing(lab)
            let data = [
                "data.samples=samples.jsonl", "data.sequence=null", "data.pack=\(isPacked)", "steps=6", adapters,
            ]
            let whole = try lab.train(data + ["devices=[cpu:0]"], run: "whole")
            #expect(whole.losses.count == 6 && Set(whole.losses).count == 6)
            for (index, more) in [
                ["devices=\(Lab.devices(2))", "schedule=1f1b"], ["devices=\(Lab.devices(2))", "schedule=zb-v"],
                ["devices=\(Lab.devices(4))", "schedule=zb-h1", "recompute=stage"],
                ["devices=\(Lab.devices(5))", "schedule=gpipe"],
            ].enumerated() {
                let run = try lab.train(data + more, run: "\(index)")
                #expect(run.losses == whole.losses && run.gradientNorms == whole.gradientNorms, "\(more)")
                #expect(run.weights != nil && run.weights == whole.weights, "\(more)")
            }
        }

        @Test func `samples that share a row learn what they learn alone`() throws {
            let lab = try Lab(model: Self.attentive)
            try differing(lab)
            let data = ["data.samples=samples.jsonl", "data.sequence=null", "steps=6"]
            let alone = try lab.train(data + ["data.pack=false"], run: "alone")
            let packed = try lab.train(data + ["data.pack=true"], run: "packed")
            #expect(packed.steps.map(\.tokens) == alone.steps.map(\.tokens))
            for (one, other) in zip(packed.losses, alone.losses) { #expect(abs(one / other - 1) < 1e-6) }
            for (one, other) in zip(packed.gradientNorms, alone.gradientNorms) { #expect(abs(one / other - 1) < 1e-5) }
            let report = try RunDirectory(lab.folder.file("alone")).report()
            let share = try #require(report[.padding]).share
            #expect(share > 0.05 && share < alone.steps.compactMap(\.padding).max() ?? 0, "\(share)")
            #expect(abs(report.causes.reduce(0) { $0 + $1.share } - 1) < 1e-6)
            #expect(report.whatIfs.contains { $0.kind == .noPadding })
            // The first two steps do not count.
            let tokens = Double(alone.steps.dropFirst(2).reduce(0) { $0 + $1.tokens }) / 4
            #expect(report.tokensPerStep == Int(tokens.rounded()))
            let waste = (packed.steps.compactMap(\.padding), alone.steps.compactMap(\.padding))
            #expect(waste.0.count == 6 && waste.1.count == 6)
            #expect(waste.0.reduce(0, +) < 0.5 * waste.1.reduce(0, +))
        }

        @Test func `layers that might mix samples do not share rows`() throws {
            let lab = try Lab(
                model: Self.attentive.replacing("  - linear", with: "  - split: 2\n  - concatenate\n  - linear"))
            try differing(lab)
            let outcome = try lab.startTraining(["data.samples=samples.jsonl", "data.sequence=null", "data.pack=true"])
                .finish()
            #expect(outcome.exitCode == 64 && outcome.errors.contains("data.pack with layer"), "\(outcome.errors)")
        }

        @Test func `a sample that cannot be trained on is named before anything starts`() throws {
            let lab = try Lab()
            try lab.folder.write("{\"input_ids\": [1, 2]}\n{\"input_ids\": [60, 61]}\n", to: "outside.jsonl")
            try lab.folder.write("{\"input_ids\": [1, 2], \"labels\": [1, -100]}\n", to: "empty.jsonl")
            for (file, message) in [
                ("outside", "outside.jsonl:2: expected 0 to 60, the vocabulary, got input_ids[1] = 61"),
                ("empty", "empty.jsonl:1: no label counts in step 1"),
            ] {
                let outcome = try lab.startTraining(["data.samples=\(file).jsonl"]).finish()
                #expect(outcome.exitCode == 64 && outcome.errors.contains(message), "\(outcome.errors)")
                #expect(!lab.folder.exists("run"))
            }
            let plan = try lab.run([
                "plan", "pipeline.yaml", "--set", "data.samples=empty.jsonl", "--set", "data.sequence=null",
            ])
            #expect(plan.exitCode == 0 && plan.output.contains("sequence: 2,"), "\(plan.output)\(plan.errors)")
        }
    }
}
