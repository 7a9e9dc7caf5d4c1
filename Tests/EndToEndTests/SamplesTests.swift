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
            #expect(short.steps.map(\.tokens) == [6 * 7, 6 * 7])
            let other = try lab.train(data + ["data.samples=padded.jsonl"], run: "padded")
            #expect(other.losses == short.losses && other.weights == short.weights)
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
