import Foundation
import Glibc
import Runs
import TestSupport
import Testing

extension EndToEndTests {
    /// A loss that is not finite ends the run before the step is applied, with the weights of the step before.
    @Suite struct DivergenceTests {
        /// The first update moves the weights so far that the second step overflows.
        private let diverging = ["optimizer={sgd: {lr: 1e30}}", "clip=null", "learning_rate={warmup: 0}", "steps=40"]

        private func train(_ lab: Lab, _ overrides: [String], run: String) throws -> EchelonProcess.Outcome {
            let process = try lab.startTraining(diverging + overrides, run: run, ["--quiet"])
            let outcome = try process.finish()
            #expect(process.leftovers() == [])
            return outcome
        }

        @Test func `the first tensor that is not finite, and the weights kept, are the same on every partition`() throws
        {
            let lab = try Lab()
            let arrangements = [
                ["devices=\(Lab.devices(1))"], [], ["devices=\(Lab.devices(4))"], ["clip=1.0"], ["recompute=stage"],
                ["schedule=zb-h1"], ["schedule=zb-v"],
            ]
            var messages: Set<String> = []
            var weights: [Data] = []
            for (index, arrangement) in arrangements.enumerated() {
                let outcome = try train(lab, arrangement, run: "run\(index)")
                #expect(outcome.exitCode == 65, "\(arrangement): \(outcome.errors)")
                let text = outcome.errors
                let cause = text.prefix { $0 != "," }
                messages.insert(String(cause))
                #expect(text.contains("run\(index)/model.safetensors holds the weights of step 1"), "\(text)")
                let run = try FinishedRun(lab.folder, "run\(index)", outcome)
                #expect(run.losses.count == 1)
                if arrangement != ["clip=1.0"] { weights.append(try #require(run.weights)) }
            }
            #expect(messages.count == 1, "\(messages)")
            #expect(messages.first?.hasPrefix("echelon: step 2 is not finite: the output of layer ") == true)
            #expect(Set(weights).count == 1)
        }

        @Test func `skipping leaves such steps out on all ranks and goes on`() throws {
            let lab = try Lab()
            let outcome = try train(lab, ["on_nan=skip", "steps=5"], run: "run")
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            let run = try FinishedRun(lab.folder, "run", outcome)
            #expect(run.steps.map(\.isSkipped) == [false, true, true, true, true])
            #expect(outcome.errors.contains("4 of 5 steps were skipped"), "\(outcome.errors)")
        }

        @Test func `f16 at its smallest loss scale diverges, and is no bug of ours`() throws {
            let lab = try Lab()
            let scale = "precision={f16: {initial_scale_power: 1, hysteresis: 1}}"
            let outcome = try train(lab, [scale], run: "run")
            #expect(outcome.exitCode == 65, "\(outcome.errors)")
            #expect(outcome.errors.contains("`precision: bf16`"), "\(outcome.errors)")
        }
    }
}
