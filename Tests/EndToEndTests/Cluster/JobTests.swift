import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// Processes that find their place in a run by their environment, as torchrun and srun start them.
    @Suite struct JobTests {
        private func start(
            _ lab: Lab, rank: Int, world: Int = 3, _ overrides: [String] = []
        ) throws -> EchelonProcess {
            let arguments =
                ["worker", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run")]
                + Lab.arguments(["devices=\(Lab.devices(3))"] + overrides)
            return try EchelonProcess(
                arguments, in: lab.folder,
                shell: "export RANK=\(rank) WORLD_SIZE=\(world) MASTER_ADDR=localhost ECHELON_JOB=\(lab.folder.path)")
        }

        private func startAll(_ lab: Lab, _ overrides: [String] = []) throws -> [EchelonProcess] {
            try [2, 0, 1].map { try start(lab, rank: $0, overrides) }
        }

        @Test func `a job's run is the same, and leaves no file beside its folder`() throws {
            let lab = try Lab()
            let usual = try lab.train(["devices=\(Lab.devices(3))"], run: "usual")
            let all = try startAll(lab)
            for process in all {
                let outcome = try process.finish()
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
            }
            let run = try FinishedRun(lab.folder, "run", try lab.run(["--version"]))
            #expect(run.losses == usual.losses && run.weights == usual.weights)
            #expect(!lab.folder.exists("run.job"))
        }

        /// Managers signal all processes at once, and some along several ways.
        @Test func `a notice writes a checkpoint, and the next start goes on from it`() throws {
            let lab = try Lab()
            let steps = ["steps=3000"]
            let first = try startAll(lab, steps)
            try lab.waitForSteps(of: first[0])
            for process in first { process.signal(SIGUSR1) }
            for process in first { process.signal(SIGTERM) }
            let codes = try first.map { try $0.finish().exitCode ?? -1 }
            #expect(codes.sorted() == [0, 0, 75], "\(codes) \(first.map(\.errors))")
            let done = try lab.folder.text("run/metrics.jsonl").split(separator: "\n").count
            #expect(done < 3000 && lab.folder.exists("run/steps/latest"))
            for process in try startAll(lab, steps) {
                let outcome = try process.finish()
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
            }
            #expect(try lab.folder.text("run/metrics.jsonl").split(separator: "\n").count == 3000)
            #expect(try lab.folder.text("run/attempts.jsonl").split(separator: "\n").count == 2)
        }

        @Test func `a job of another size is refused by every process`() throws {
            let lab = try Lab()
            for rank in [0, 1] {
                let outcome = try start(lab, rank: rank, world: 2).finish()
                #expect(outcome.exitCode == 64)
                #expect(
                    outcome.errors.contains("3 devices, and a worker for each, but WORLD_SIZE is 2"),
                    "\(outcome.errors)")
            }
            #expect(!lab.folder.exists("run"))
        }

        /// What rank 0 alone can find out.
        @Test func `the others are told where rank 0 ends the run before it begins`() throws {
            let lab = try Lab()
            try lab.folder.write("not a run's", to: "run")
            let all = try startAll(lab)
            for process in all { #expect(try process.finish().exitCode == 64, "\(process.errors)") }
        }

        @Test func `scripts for Slurm and Kubernetes are written once`() throws {
            let lab = try Lab()
            let first = try lab.run(["launch", "slurm", "pipeline.yaml", "--nodes", "2", "--name", "tiny"])
            #expect(first.exitCode == 0 && first.output.hasSuffix("submit it with\n  sbatch tiny.sbatch\n"), "\(first)")
            #expect(try lab.folder.text("tiny.sbatch").hasPrefix("#!/bin/bash\n"))
            let second = try lab.run(["launch", "slurm", "pipeline.yaml", "--name", "tiny"])
            #expect(second.exitCode == 64 && second.errors.contains("tiny.sbatch is there already"))
            let jobSet = try lab.run(
                ["launch", "kubernetes", "pipeline.yaml", "--image", "e", "--claim", "c", "--output", "-"])
            #expect(jobSet.exitCode == 0 && jobSet.output.contains("kind: JobSet"))
        }
    }
}
