import Echelon
import TestSupport
import Testing

extension EndToEndTests {
    /// One thing goes wrong in a run of real processes: the report says what, where, and what to do.
    ///
    /// Twelve layers of 20 ms on four simulated devices: a stage's pass takes 60 ms, a step (8 + 3) · 180 ms. The faults
    /// are large beside what a busy machine adds to each message.
    @Suite struct SimulatedFaultTests {
        private static let model = """
            layers:
              - embedding: {vocab: 32, width: 8, positions: 4}
              - repeat: 10
                layers:
                  - linear: {in: 8, out: 8}
              - linear: {in: 8, out: 32, bias: false}
            loss: cross-entropy

            """

        private static let pipeline = """
            model: model.yaml
            devices: [sim:0, sim:1, sim:2, sim:3]
            sim: {layer_ms: 20}
            partition: uniform
            batch: {micro: 1, microbatches: 8}
            data: {random: 65, sequence: 4}
            steps: 5

            """

        struct Fault: Sendable {
            var name: String
            var override: String
            var cause: Category
            var stages: [Int]
        }

        static let faults = [
            Fault(name: "slow", override: "sim.slow={stage: 2, ms: 600, every: 8}", cause: .straggler, stages: [2]),
            Fault(name: "link", override: "sim.link={from: 1, to: 2, ms: 120}", cause: .transfer, stages: [1, 2]),
            Fault(name: "read", override: "sim.read_ms=300", cause: .dataWait, stages: [0]),
            Fault(name: "cut", override: "partition={cuts: [2, 8, 10]}", cause: .imbalance, stages: [1]),
        ]

        private static func report(_ lab: Lab, _ run: String) throws -> BubbleReport {
            let text = try lab.run(["report", lab.folder.file(run), "--json"])
            #expect(text.exitCode == 0)
            return try BubbleReport(json: text.output)
        }

        /// What a schedule does not imply.
        private static func avoidable(_ report: BubbleReport) -> Double {
            let causes: [Category] = [
                .dataWait, .imbalance, .straggler, .transfer, .backPressure, .gradientSync, .reporting, .unattributed,
            ]
            return causes.reduce(0) { $0 + (report[$1]?.share ?? 0) }
        }

        @Test func `each fault stands in its own column and the headline names it`() throws {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline)
            // They wait more than they work: all at once.
            let runs = try Self.faults.map {
                try lab.startTraining([$0.override], run: $0.name, ["--quiet"], isUrgent: true)
            }
            for (fault, run) in zip(Self.faults, runs) {
                let outcome = try run.finish()
                try #require(outcome.exitCode == 0, "\(fault.name): \(outcome.output)\(outcome.errors)")
                let report = try Self.report(lab, fault.name)
                let own = try #require(report[fault.cause]).share
                #expect(own >= 0.9 * Self.avoidable(report), "\(fault.name): \(report.headline.sentence)")
                #expect(report.headline.cause == fault.cause)
                #expect(report.headline.stages == fault.stages)
                #expect(report.headline.fix != nil)
                #expect(try #require(report[.unattributed]).share < 0.01)
                // The schedule's own part is what it would be without the fault, or less: 3 · 180 ms.
                let structural = (report[.warmUp]?.share ?? 0) + (report[.coolDown]?.share ?? 0)
                #expect(structural * report.stepMs.p50 <= 540 * 1.02)
            }
        }

        /// Fewer and longer passes, so that what a busy machine adds to a message is small beside them.
        private func train(_ lab: Lab, _ cuts: String, run: String) throws -> EchelonProcess.Outcome {
            let overrides = ["partition={cuts: \(cuts)}", "batch.microbatches=4", "sim.layer_ms=40"]
            return try lab.startTraining(overrides, run: run, ["--quiet"], isUrgent: true).finish()
        }

        @Test func `the suggested cut takes as long as was predicted`() throws {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline)
            #expect(try train(lab, "[1, 7, 10]", run: "uneven").exitCode == 0)
            let report = try Self.report(lab, "uneven")
            let best = try #require(report.whatIfs.first { $0.kind == .bestCuts })
            #expect(best.cuts == [3, 6, 9])
            let fix = try #require(report.headline.fix)
            #expect(report.headline.cause == .imbalance && fix.contains("predicted"))
            let cuts = try #require(best.cuts).map(String.init).joined(separator: ", ")
            #expect(try train(lab, "[\(cuts)]", run: "even").exitCode == 0)
            let even = try RunDirectory(lab.folder.file("even")).leastDisturbedStep().seconds * 1000
            #expect(abs(even - best.stepMs) <= 0.05 * best.stepMs, "\(even) ms, \(best.stepMs) predicted")
        }

        @Test func `a fault that nothing passes by is refused`() throws {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline)
            let outcome = try lab.startTraining(["sim.link={from: 2, to: 0, ms: 5}"]).finish()
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.contains("sim.link={from: 2, to: 0, ms: 5}"))
            #expect(outcome.errors.contains("no message goes from worker 2 to worker 0"))
            #expect(!lab.folder.exists("run"))
        }
    }
}
