import Echelon
import Foundation
import Glibc
import Systems
import TestSupport
import Testing

extension EndToEndTests {
    /// A run that was cut off goes on with the bits of one that was not.
    @Suite struct ResumeTests {
        private static let steps = 24
        private static let base = ["steps=\(steps)", "checkpoint.every=4", "devices=\(Lab.devices(3))"]

        private func whole(_ lab: Lab, _ more: [String] = []) throws -> FinishedRun {
            try lab.train(Self.base + more, run: "whole")
        }

        /// Lets the run go on until it is done.
        private func finish(_ lab: Lab, _ more: [String] = []) throws -> FinishedRun {
            let run = try lab.train(Self.base + more, ["--quiet", "--resume", "auto"])
            #expect(lab.folder.files.filter { $0.contains(".tmp-") } == [])
            return run
        }

        private func expectEqual(_ run: FinishedRun, _ whole: FinishedRun) {
            #expect(run.steps.map(\.step) == Array(1...Self.steps))
            #expect(run.steps.map(\.loss) == whole.steps.map(\.loss))
            #expect(run.gradientNorms == whole.gradientNorms)
            #expect(run.weights == whole.weights)
        }

        private func start(_ lab: Lab, _ more: [String] = []) throws -> EchelonProcess {
            try lab.startTraining(Self.base + more, ["--quiet", "--resume", "auto"])
        }

        private func waitForSteps(_ count: Int, of process: EchelonProcess, _ lab: Lab) throws {
            try process.wait(for: "step \(count)") {
                let lines = (try? lab.folder.text("run/metrics.jsonl"))?.split(separator: "\n").count ?? 0
                return lines >= count ? () : nil
            }
        }

        @Test(arguments: 0..<4) func `a killed process costs no bit`(_ number: Int) throws {
            var random = SplitMix64(seed: UInt64(number) + 1)
            let lab = try Lab()
            let whole = try whole(lab)
            let process = try start(lab)
            try waitForSteps(Int(random.next() % 20) + 1, of: process, lab)
            if number.isMultiple(of: 2) {
                kill(try process.worker(Int(random.next() % 3)).id, SIGKILL)
                #expect([75, 0].contains(try process.finish().exitCode))
            } else {
                process.signal(SIGKILL)
                _ = try process.finish()
            }
            #expect(process.leftovers(within: 10) == [])
            expectEqual(try finish(lab), whole)
        }

        @Test func `an interrupted run says how it goes on, and does at another number of stages`() throws {
            let lab = try Lab()
            let whole = try whole(lab)
            let process = try start(lab, ["checkpoint.every=null"])
            try waitForSteps(3, of: process, lab)
            process.signal(SIGTERM)
            let outcome = try process.finish()
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors.contains("; go on with\n"), "\(outcome.errors)")
            #expect(outcome.errors.contains("--resume auto"), "\(outcome.errors)")
            expectEqual(try finish(lab, ["devices=\(Lab.devices(2))", "schedule=zb-h1", "recompute=stage"]), whole)
            #expect(lab.folder.exists("run/attempts/1/run.json"))
        }

        @Test func `with restart a run goes on by itself where a worker was killed`() throws {
            let lab = try Lab()
            let whole = try whole(lab)
            let more = ["restart={attempts: 2, window: 1h}"]
            let process = try lab.startTraining(Self.base + more, ["--quiet"])
            try waitForSteps(9, of: process, lab)
            let first = try process.worker(1)
            kill(first.id, SIGKILL)
            let outcome = try process.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("worker 1 (\(Lab.device(1))) was killed by signal 9"), "\(outcome.errors)")
            #expect(outcome.errors.contains("(restart 1 of 2)"), "\(outcome.errors)")
            #expect(process.leftovers() == [])
            expectEqual(try FinishedRun(lab.folder, "run", outcome), whole)
        }

        @Test func `a damaged checkpoint is named and passed over, and refused where it was asked for`() throws {
            let lab = try Lab()
            let whole = try whole(lab)
            let process = try start(lab)
            try process.wait(for: "two checkpoints") { lab.folder.exists("run/steps/00000008") ? () : nil }
            process.signal(SIGKILL)
            _ = try process.finish()
            #expect(process.leftovers(within: 10) == [])
            let newest = try #require(
                lab.folder.files.filter { $0.contains("run/steps/") && $0.hasSuffix("trainer_state.json") }.max())
            let folder = newest.split(separator: "/").dropLast().joined(separator: "/")
            let file = folder + "/optimizer/optimizer-00002-of-00003.safetensors"
            var bytes = try lab.folder.bytes(file)
            bytes[bytes.count / 2] ^= 4
            try bytes.write(to: URL(fileURLWithPath: lab.folder.file(file)))
            let step = try #require(Int(folder.suffix(8)))
            let refused = try lab.run(
                ["train", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run"), "--resume", "\(step)"]
                    + Lab.arguments(Self.base))
            #expect(refused.exitCode == 64)
            #expect(refused.errors.contains("optimizer-00002-of-00003.safetensors: its contents"), "\(refused.errors)")
            let run = try finish(lab)
            #expect(run.outcome.errors.contains("optimizer-00002-of-00003.safetensors"), "\(run.outcome.errors)")
            expectEqual(run, whole)
        }

        @Test func `what may not change is refused, with what allows it`() throws {
            let lab = try Lab()
            _ = try lab.train(["steps=4", "checkpoint.every=2"])
            let outcome = try lab.run(
                ["train", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run"), "--resume", "latest"]
                    + Lab.arguments(["steps=6", "clip=2"]))
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.contains("--set clip=2: clip: 2.0"), "\(outcome.errors)")
            #expect(outcome.errors.contains("add --accept clip"), "\(outcome.errors)")
            // Nothing is set aside for what is refused.
            let earlier = try lab.run(
                ["train", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run"), "--resume", "2"]
                    + Lab.arguments(["steps=6", "clip=2"]))
            #expect(earlier.exitCode == 64 && lab.folder.exists("run/steps/00000004"), "\(earlier.errors)")
        }
    }
}
