import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// Copies of the pipeline that share out each step.
    @Suite struct ReplicaTests {
        /// Replicas, stages, schedule.
        private static let arrangements = [
            (1, 1, "gpipe"), (1, 2, "1f1b"), (2, 1, "1f1b"), (2, 2, "zb-h1"), (2, 2, "zb-v"), (4, 1, "gpipe"),
        ]

        private func overrides(_ replicas: Int, _ stages: Int, _ schedule: String) -> [String] {
            [
                "batch={micro: 2, global: 16}", "replicas=\(replicas)", "devices=\(Lab.devices(replicas * stages))",
                "schedule=\(schedule)", "partition=flops",
            ]
        }

        /// The first law, for replicas: dropout, clipping and the schedule of the learning rate among it.
        @Test(arguments: ["f32", "bf16"])
        func `with lanes, losses norms and weights are bitwise equal for any number of replicas`(
            precision: String
        ) throws {
            let lab = try Lab()
            var runs: [FinishedRun] = []
            for (index, (replicas, stages, schedule)) in Self.arrangements.enumerated() {
                let all = overrides(replicas, stages, schedule) + ["lanes=4", "precision=\(precision)"]
                let run = try lab.train(all, run: "\(index)")
                runs.append(run)
                #expect(run.losses == runs[0].losses && Set(run.losses).count == 4, "\(all)")
                #expect(run.gradientNorms == runs[0].gradientNorms, "\(all)")
                #expect(run.weights != nil && run.weights == runs[0].weights, "\(all)")
            }
        }

        /// A table that is also the head, on both ends of each replica's pipeline.
        @Test func `parameters that are tied across stages have the same bits too`() throws {
            let lab = try Lab(
                model: """
                    layers:
                      - embedding: {vocab: 2100, width: 61, positions: 8}
                      - linear: {in: 61, out: 61}
                      - linear: {in: 61, out: 2100, bias: false}
                    loss: cross-entropy
                    ties: [[0.token.weight, 2.weight]]

                    """)
            let whole = try lab.train(overrides(1, 1, "1f1b") + ["lanes=2"], run: "whole")
            let both = try lab.train(overrides(2, 2, "1f1b") + ["lanes=2"], run: "both")
            #expect(whole.losses == both.losses && whole.gradientNorms == both.gradientNorms)
            #expect(whole.weights != nil && whole.weights == both.weights)
        }

        /// In 16 bits the masters of matrices are shared out too.
        @Test(arguments: ["f32", "bf16", "f16"])
        func `replicas that share out the optimizer state have the same bits`(precision: String) throws {
            let lab = try Lab()
            let more = ["lanes=4", "precision=\(precision)"]
            let whole = try lab.train(overrides(1, 2, "1f1b") + more, run: "whole")
            for (index, (replicas, stages)) in [(2, 1), (2, 2), (4, 1)].enumerated() {
                let run = try lab.train(overrides(replicas, stages, "zb-h1") + more + ["zero=1"], run: "\(index)")
                #expect(run.losses == whole.losses && run.gradientNorms == whole.gradientNorms)
                #expect(run.weights != nil && run.weights == whole.weights)
            }
        }

        /// Optimizer state in pieces of several workers, or whole.
        @Test(arguments: ["f32", "bf16"])
        func `a checkpoint loads with any number of replicas, whoever keeps its optimizer state`(
            precision: String
        ) throws {
            let lab = try Lab()
            let more = ["lanes=4", "precision=\(precision)", "checkpoint={every: 2}"]
            let whole = try lab.train(overrides(1, 1, "1f1b") + more, run: "whole")
            let arrangements = [(1, 2, 0), (2, 2, 1), (4, 1, 1), (2, 1, 0)]
            for (index, from) in arrangements.enumerated() {
                let to = arrangements[(index + 1) % arrangements.count]
                func options(_ arrangement: (Int, Int, Int)) -> [String] {
                    overrides(arrangement.0, arrangement.1, "1f1b") + more + ["zero=\(arrangement.2)"]
                }
                _ = try lab.train(options(from) + ["steps=2"], run: "\(index)")
                let run = try lab.train(options(to), run: "\(index)", ["--quiet", "--resume", "2"])
                #expect(run.losses == whole.losses && run.gradientNorms == whole.gradientNorms, "\(from) \(to)")
                #expect(run.weights != nil && run.weights == whole.weights, "\(from) \(to)")
            }
        }

        /// A worker of the second replica is killed: the first goes on alone.
        @Test func `an elastic run goes on with fewer replicas and changes nothing`() throws {
            let lab = try Lab()
            let more = ["lanes=4", "checkpoint={every: 1}", "steps=40", "elastic=true"]
            let whole = try lab.train(overrides(1, 1, "1f1b") + ["lanes=4", "steps=40"], run: "whole")
            let process = try lab.startTraining(overrides(2, 2, "1f1b") + more, run: "left", ["--quiet"])
            try lab.waitForSteps(of: process, run: "left")
            kill(try process.worker(3).id, SIGKILL)
            let outcome = try process.finish()
            try #require(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.errors.contains("1 replica over the devices that are left"))
            let run = try FinishedRun(lab.folder, "left", outcome)
            #expect(run.losses == whole.losses && run.weights != nil && run.weights == whole.weights)
        }

        @Test func `without lanes, the order of sums is all that differs`() throws {
            let lab = try Lab()
            let one = try lab.train(overrides(1, 2, "1f1b"), run: "one")
            let two = try lab.train(overrides(2, 1, "1f1b"), run: "two")
            for (a, b) in zip(one.losses, two.losses) { #expect(abs(a - b) <= 1e-5 * abs(a)) }
            #expect(one.losses.count == 4 && one.losses[0] != one.losses[3])
        }
    }
}
