import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    /// Layers that several workers share.
    @Suite struct TensorTests {
        /// Replicas, stages, schedule, recomputation.
        private static let arrangements = [
            (1, 1, "gpipe", "none"), (1, 2, "zb-h1", "none"), (2, 1, "1f1b", "stage"), (2, 2, "1f1b", "none"),
        ]

        private func overrides(
            _ replicas: Int, _ stages: Int, _ tensor: Int, _ schedule: String = "1f1b", recompute: String = "none"
        ) -> [String] {
            [
                "batch={micro: 2, global: 16}", "lanes=2", "replicas=\(replicas)", "tensor=\(tensor)",
                "devices=\(Lab.devices(replicas * stages * tensor))", "schedule=\(schedule)", "partition=flops",
                "recompute=\(recompute)", "optimizer={sgd: {lr: 0.05}}",
            ]
        }

        /// Eight workers at most: two shards of two stages in two replicas.
        @Test(arguments: ["f32", "bf16"])
        func `whatever the replicas and stages, layers shared by two have the same bits`(precision: String) throws {
            let lab = try Lab()
            var runs: [FinishedRun] = []
            for (index, (replicas, stages, schedule, recompute)) in Self.arrangements.enumerated() {
                let all =
                    overrides(replicas, stages, 2, schedule, recompute: recompute) + ["precision=\(precision)"]
                let run = try lab.train(all, run: "\(index)")
                runs.append(run)
                #expect(run.losses == runs[0].losses && Set(run.losses).count == 4, "\(all)")
                #expect(run.gradientNorms == runs[0].gradientNorms, "\(all)")
                #expect(run.weights != nil && run.weights == runs[0].weights, "\(all)")
            }
        }

        /// Dropout and first values among it: a shard has its part of what the whole model draws.
        @Test func `what is learnt is what one worker learns, but for the order of sums`() throws {
            let lab = try Lab()
            let whole = try lab.train(overrides(1, 1, 1), run: "whole")
            let shared = try lab.train(overrides(2, 2, 2), run: "shared")
            #expect(whole.losses.count == 4 && shared.losses != whole.losses)
            for (a, b) in zip(shared.losses, whole.losses) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
            for (a, b) in zip(shared.gradientNorms, whole.gradientNorms) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
            let (a, b) = (try #require(shared.weights), try #require(whole.weights))
            #expect(a.count == b.count)
            let header = Int(b.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }) + 8
            let floats = { (data: Data) in
                data.dropFirst(header).withUnsafeBytes { bytes in
                    stride(from: 0, to: bytes.count - 3, by: 4).map {
                        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
                    }
                }
            }
            #expect(zip(floats(a), floats(b)).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
        }

        @Test func `a checkpoint of shared layers is whole, and loads whoever shares them`() throws {
            let lab = try Lab()
            let more = ["checkpoint={every: 2}"]
            let shared = try lab.train(overrides(1, 2, 2) + more, run: "shared")
            _ = try lab.train(overrides(2, 1, 2) + more + ["steps=2"], run: "left")
            let on = try lab.train(overrides(1, 1, 2) + more, run: "left", ["--quiet", "--resume", "2"])
            #expect(on.losses == shared.losses && on.weights != nil && on.weights == shared.weights)
            _ = try lab.train(overrides(1, 2, 2) + more + ["steps=2"], run: "alone")
            let alone = try lab.train(overrides(1, 1, 1) + more, run: "alone", ["--quiet", "--resume", "2"])
            for (a, b) in zip(alone.losses, shared.losses) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
        }

        @Test func `heads that cannot be shared out are refused before work`() throws {
            let lab = try Lab()
            let outcome = try lab.run(
                ["train", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run")]
                    + Lab.arguments(["devices=\(Lab.devices(3))", "tensor=3"]))
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.contains("tensor: 3") && outcome.errors.contains("heads"), "\(outcome.errors)")
            #expect(!lab.folder.files.contains { $0.hasPrefix("run/") })
        }
    }
}
