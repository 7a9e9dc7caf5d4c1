import Echelon
import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// `on_nan: {rewind: …}`: the run goes on as one that never saw what was left out.
    @Suite struct RewindTests {
        private static let model = """
            layers:
              - linear: {in: 4, out: 16}
              - relu
              - dropout: 0.1
              - linear: {in: 16, out: 8}
              - linear: {in: 8, out: 1}
            loss: mean-squared-error

            """
        private static let steps = 40

        private static func pipeline(_ file: String) -> String {
            """
            model: model.yaml
            devices: \(Lab.devices(3))
            partition: uniform
            schedule: 1f1b
            batch: {micro: 2, microbatches: 3}
            optimizer: {adamw: {lr: 1e-2}}
            on_nan: {rewind: 3}
            checkpoint: {every: 2, keep_last: 1}
            data: {rows: \(file), inputs: 4, targets: 1, order: sequential}
            evaluate: {data: {rows: all.f32, inputs: 4, targets: 1}, every: 4, samples: 12}
            steps: \(steps)
            seed: 7

            """
        }

        /// Two mini-batches, the 8th and the 12th, hold a target whose square no f32 holds. From the 8th step the run goes
        /// back to step 4, and once more from the 8th, whose data are the 12th mini-batch.
        private func lab() throws -> Lab {
            let lab = try Lab(model: Self.model, pipeline: Self.pipeline("all.f32"))
            var random = SplitMix64(seed: 3)
            var batches = (0..<Self.steps + 8).map { _ in
                (0..<6 * 5).map { _ in Float(random.next() % 2000) / 1000 - 1 }
            }
            for spoilt in [7, 11] { batches[spoilt][14] = 3e30 }
            func write(_ batches: some Sequence<[Float]>, to name: String) throws {
                let values = batches.flatMap { $0 }
                try values.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: lab.folder.file(name))) }
            }
            try write(batches, to: "all.f32")
            batches.removeSubrange(4..<12)
            try write(batches, to: "rest.f32")
            return lab
        }

        private func evaluations(_ lab: Lab, _ run: String) throws -> [Double] {
            try RunDirectory(lab.folder.file(run)).evaluations().map(\.loss)
        }

        private func expectEqual(_ run: FinishedRun, _ rest: FinishedRun, _ lab: Lab) throws {
            #expect(run.steps.map(\.step) == Array(1...Self.steps))
            #expect(run.losses == rest.losses && run.losses.count == Self.steps)
            #expect(run.weights == rest.weights && run.weights != nil)
            #expect(try evaluations(lab, "run") == evaluations(lab, "rest"))
        }

        @Test func `a run that went back equals one that never saw the data between`() throws {
            let lab = try lab()
            let rest = try lab.train(["data.rows=rest.f32"], run: "rest")
            let run = try lab.train()
            try expectEqual(run, rest, lab)
            let notes = run.outcome.errors
            #expect(
                notes.contains("going back to step 4; mini-batches 5 to 8 are left out (rewind 1 of 10)"), "\(notes)")
            #expect(
                notes.contains("going back to step 4; mini-batches 9 to 12 are left out (rewind 2 of 10)"), "\(notes)")
            #expect(notes.contains("step 8 is not finite: the loss "), "\(notes)")
        }

        @Test func `a run that was killed after it went back goes on with the same bits, at another number of stages`()
            throws
        {
            let lab = try lab()
            let rest = try lab.train(["data.rows=rest.f32"], run: "rest")
            let process = try lab.startTraining([], ["--quiet"])
            try process.wait(for: "the run to go back twice") { process.errors.contains("(rewind 2 of 10)") ? () : nil }
            process.signal(SIGKILL)
            _ = try process.finish()
            #expect(process.leftovers(within: 10) == [])
            let run = try lab.train(["devices=\(Lab.devices(2))", "schedule=zb-h1"], ["--quiet", "--resume", "auto"])
            try expectEqual(run, rest, lab)
        }
    }
}
