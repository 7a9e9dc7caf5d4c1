import Echelon
import Foundation
import Glibc
import Systems
import TestSupport
import Testing

extension EndToEndTests {
    /// Workers that outlive an attempt: with new neighbours, and with other layers.
    @Suite struct SuccessionTests {
        private static let steps = 30
        private static let base = ["steps=\(steps)", "devices=\(Lab.devices(3))"]

        private func waitForSteps(_ count: Int, of process: EchelonProcess, _ lab: Lab) throws {
            try process.wait(for: "step \(count)") {
                let lines = (try? lab.folder.text("run/metrics.jsonl"))?.split(separator: "\n").count ?? 0
                return lines >= count ? () : nil
            }
        }

        private func expectEqual(_ run: FinishedRun, _ whole: FinishedRun) {
            #expect(run.steps.map(\.step) == Array(1...Self.steps))
            #expect(run.steps.map(\.loss) == whole.steps.map(\.loss))
            #expect(run.gradientNorms == whole.gradientNorms)
            #expect(run.weights == whole.weights)
        }

        @Test(arguments: 0..<3) func `a spare takes a killed worker's stage over, with its neighbour's copy`(
            _ rank: Int
        ) throws {
            let lab = try Lab()
            let whole = try lab.train(Self.base, run: "whole")
            let more = ["mirror=true", "spares=[\(Lab.device(rank + 1))]", "checkpoint=null"]
            let process = try lab.startTraining(Self.base + more, ["--quiet"])
            try waitForSteps(5, of: process, lab)
            let others = try (0..<3).filter { $0 != rank }.map { try process.worker($0).id }
            kill(try process.worker(rank).id, SIGKILL)
            try waitForSteps(20, of: process, lab)
            // The others are the same processes.
            for other in others { #expect(kill(other, 0) == 0) }
            let outcome = try process.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(
                outcome.errors.contains("worker \(rank) (\(Lab.device(rank))) was killed by signal 9"),
                "\(outcome.errors)")
            #expect(
                outcome.errors.contains("takes over, with the state that its neighbour has kept"), "\(outcome.errors)")
            #expect(process.leftovers() == [])
            expectEqual(try FinishedRun(lab.folder, "run", outcome), whole)
        }

        @Test func `without a spare the same device takes over, as often as restart allows; then the state is kept`()
            throws
        {
            let lab = try Lab()
            let whole = try lab.train(Self.base, run: "whole")
            let process = try lab.startTraining(Self.base + ["mirror=true", "restart={attempts: 1}"], ["--quiet"])
            try waitForSteps(4, of: process, lab)
            kill(try process.worker(1).id, SIGKILL)
            try waitForSteps(12, of: process, lab)
            kill(try process.worker(0).id, SIGKILL)
            let outcome = try process.finish()
            #expect(outcome.exitCode == 75, "\(outcome.errors)")
            #expect(outcome.errors.contains("until that is in a checkpoint"), "\(outcome.errors)")
            #expect(outcome.errors.contains("its state is in"), "\(outcome.errors)")
            #expect(process.leftovers() == [])
            let done = try FinishedRun(lab.folder, "run", outcome).steps.count
            #expect(done >= 12 && done < Self.steps)
            let run = try lab.train(Self.base, ["--quiet", "--resume", "latest"])
            #expect(run.outcome.exitCode == 0, "\(run.outcome.errors)")
            expectEqual(run, whole)
        }

        @Test func `an elastic run goes on over the devices that are left`() throws {
            let lab = try Lab()
            let whole = try lab.train(Self.base, run: "whole")
            let more = ["elastic=true", "checkpoint.every=4"]
            let process = try lab.startTraining(Self.base + more, ["--quiet"])
            try waitForSteps(9, of: process, lab)
            kill(try process.worker(1).id, SIGKILL)
            let outcome = try process.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("over the devices that are left"), "\(outcome.errors)")
            expectEqual(try FinishedRun(lab.folder, "run", outcome), whole)
        }

        /// Simulated devices: how fast they are depends on nothing else.
        @Test func `layers leave a device that has become slower, and the run goes on`() throws {
            let lab = try Lab()
            let more = [
                "steps=40", "devices=[sim:0, sim:1, sim:2]", "recut={after: 4}",
                "sim={layer_ms: 2, slow: {rank: 1, factor: 3, from: 12}}",
            ]
            let run = try lab.train(more)
            #expect(run.outcome.exitCode == 0, "\(run.outcome.errors)")
            #expect(run.outcome.errors.contains("from worker 1 to worker"), "\(run.outcome.errors)")
            #expect(run.steps.map(\.step) == Array(1...40))
            #expect(lab.folder.exists("run/attempts/1/run.json"))
        }
    }
}
