import Foundation
import Runs
import TestSupport
import Testing

extension EndToEndTests {
    /// Updates before their answer: what was guessed wrong is taken back, and the bits are those of a run that waits.
    @Suite struct SpeculationTests {
        /// Clipping at every third step, about, so that a guess is wrong as often as right.
        private static let clipped = ["steps=30", "clip=2.93"]
        private static let cases: [(name: String, overrides: [String])] = [
            ("clipping", clipped), ("checkpoints", clipped + ["checkpoint={every: 7}", "precision=bf16"]),
            ("evaluation", clipped + ["evaluate={data: {random: 100}, every: 5}", "recompute=stage"]),
            (
                "overflow",
                clipped + ["precision={f16: {initial_scale_power: 16, loss_scale_window: 3, hysteresis: 1}}"]
            ),
        ]

        @Test(arguments: cases)
        func `losses, norms, skipped steps and weights are bitwise those of a run that waits`(
            name: String, overrides: [String]
        ) throws {
            let lab = try Lab()
            let waits = try lab.train(overrides, run: "waits")
            for (devices, schedule) in [(2, "1f1b"), (4, "zb-h2"), (3, "zb-v"), (2, "interleaved")] {
                let more = ["speculate=true", "schedule=\(schedule)", "devices=\(Lab.devices(devices))"]
                let run = try lab.train(overrides + more, run: schedule)
                #expect(run.losses == waits.losses, "\(name) \(schedule)")
                // NaN where a step was skipped.
                #expect(
                    run.gradientNorms.map(\.bitPattern) == waits.gradientNorms.map(\.bitPattern), "\(name) \(schedule)")
                #expect(run.steps.map(\.isSkipped) == waits.steps.map(\.isSkipped), "\(name) \(schedule)")
                #expect(run.steps.map(\.lossScale) == waits.steps.map(\.lossScale), "\(name) \(schedule)")
                #expect(run.weights != nil && run.weights == waits.weights, "\(name) \(schedule)")
            }
            let norms = waits.gradientNorms
            #expect(norms.contains { $0 > 2.93 } && norms.contains { $0 < 2.93 })
        }

        /// Two copies of the pipeline, sums of four lanes, messages of eight bits.
        @Test func `replicas and compressed messages take a guess back too`() throws {
            let lab = try Lab()
            let more = ["batch={micro: 2, global: 16}", "devices=\(Lab.devices(4))", "replicas=2", "lanes=4"]
            let both = Self.clipped + more + ["compress=int8", "schedule=zb-h1"]
            let waits = try lab.train(both, run: "waits")
            let run = try lab.train(both + ["speculate=true"], run: "run")
            #expect(run.losses == waits.losses && run.gradientNorms == waits.gradientNorms)
            #expect(run.weights != nil && run.weights == waits.weights)
        }

        @Test func `a step that is not finite is found out in the next one, and named the same`() throws {
            let lab = try Lab()
            let diverging = ["optimizer={sgd: {lr: 1e30}}", "clip=1e30", "learning_rate={warmup: 0}", "steps=40"]
            var messages: Set<Substring> = []
            for (index, more) in [[], ["speculate=true"], ["speculate=true", "schedule=zb-v"]].enumerated() {
                let outcome = try lab.startTraining(diverging + more, run: "run\(index)", ["--quiet"]).finish()
                #expect(outcome.exitCode == 65, "\(outcome.errors)")
                #expect(outcome.errors.contains("run\(index)/model.safetensors holds the weights of step 1"))
                messages.insert(outcome.errors.prefix { $0 != "," })
                #expect(try FinishedRun(lab.folder, "run\(index)", outcome).losses.count == 1)
            }
            #expect(messages.count == 1 && messages.first?.contains("step 2 is not finite") == true, "\(messages)")
            let skipping = try lab.train(
                ["on_nan=skip", "steps=5", "speculate=true"] + diverging.dropLast(), run: "skipping")
            #expect(skipping.steps.map(\.isSkipped) == [false, true, true, true, true])
        }
    }
}
