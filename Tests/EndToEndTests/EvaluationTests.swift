import Echelon
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// `evaluate:` in a pipeline, and `echelon evaluate`.
    @Suite struct EvaluationTests {
        private struct Line: Decodable {
            struct Evaluation: Decodable {
                var step: Int
                var loss: Double
            }
            var evaluation: Evaluation?
        }

        private struct Figures: Decodable {
            var loss: Double
            var tokens: Int
        }

        @Test func `worker processes evaluate between steps, and the command finds the best weights' loss`() throws {
            let lab = try Lab()
            let lines = (0..<7).map { "{\"input_ids\": \((0..<5 + $0 % 4).map { $0 * $0 % 61 })}\n" }
            try lab.folder.write(lines.joined(), to: "held-out.jsonl")
            // What is held out here is what is learnt, so that the loss falls.
            let data = ["data.samples=held-out.jsonl"]
            let plain = try lab.train(data, run: "plain")
            let evaluate = data + ["evaluate={data: {samples: held-out.jsonl}, every: 3}"]
            let run = try lab.train(evaluate, ["--json"])
            #expect(run.losses == plain.losses && run.weights == plain.weights)
            let told = try run.outcome.output.split(separator: "\n").compactMap {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8)).evaluation
            }
            let kept = try RunDirectory(lab.folder.file("run")).evaluations()
            #expect(
                told.map(\.step) == [0, 3, 4] && kept.map(\.step) == [0, 3, 4] && kept.map(\.loss) == told.map(\.loss))
            let best = try #require(kept.last { $0.isBest })
            try #require(best.step > 0)
            let outcome = try lab.run(["evaluate", lab.folder.file("run/best"), "--data", "held-out.jsonl", "--json"])
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            let found = try JSONDecoder().decode(Figures.self, from: Data(outcome.output.utf8))
            #expect(abs(found.loss - best.loss) < 1e-5 && found.tokens == best.tokens, "\(found) \(best)")
            #expect(lab.folder.files.filter { $0.hasSuffix(".partial") } == [])
        }

        @Test func `mistakes in evaluate end before any work`() throws {
            let lab = try Lab()
            for (value, expected) in [
                ("{data: {random: 100}, evry: 2}", "unknown key \"evry\" in evaluate"),
                ("{data: {samples: none.jsonl}, every: 2}", "none.jsonl"),
            ] {
                let outcome = try lab.startTraining(["evaluate=\(value)"]).finish()
                #expect(outcome.exitCode == 64 && outcome.errors.contains(expected), "\(outcome.errors)")
                #expect(!lab.folder.exists("run"))
            }
            let outcome = try lab.run(["evaluate", lab.folder.file("none"), "--data", "none.jsonl"])
            #expect(outcome.exitCode == 64 && outcome.errors.contains("is no model"), "\(outcome.errors)")
        }
    }
}
