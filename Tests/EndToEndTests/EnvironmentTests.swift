import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// What people's shells, terminals and machines do to a command.
    @Suite struct EnvironmentTests {
        private func run(_ shell: String, _ arguments: [String], in lab: Lab) throws -> EchelonProcess.Outcome {
            try EchelonProcess(arguments, in: lab.folder, shell: shell).finish()
        }

        private func training(_ lab: Lab, _ flags: [String] = ["--set", "log_every=1"]) -> [String] {
            ["train", lab.folder.file("pipeline.yaml"), "--run-dir", lab.folder.file("run")] + flags
        }

        private func expectWholeRun(_ lab: Lab) throws {
            #expect(try lab.folder.text("run/metrics.jsonl").split(separator: "\n").count == 4)
            #expect(lab.folder.exists("run/model.safetensors"))
        }

        /// Progress text landed in `lock` or in metrics.jsonl: the files that took the numbers of the closed streams.
        @Test(arguments: ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
        func `closed standard streams are no place for other files`(closed: String) throws {
            let lab = try Lab()
            #expect(try run("exec " + closed, training(lab), in: lab).exitCode == 0)
            try expectWholeRun(lab)
            #expect(try lab.folder.bytes("run/lock").isEmpty)
        }

        /// Each parent that ignores SIGCHLD hands that on: `train` wrote its weights and never ended.
        @Test func `a parent that ignores SIGCHLD does no harm`() throws {
            let lab = try Lab()
            #expect(try run("trap '' CHLD", training(lab), in: lab).exitCode == 0)
            try expectWholeRun(lab)
        }

        /// OpenBLAS's threads, started where nothing computes, could not be ended.
        @Test func `commands that compute nothing start no threads that a memory limit would choke`() throws {
            let lab = try Lab()
            let schedule = ["schedule", "1f1b", "--stages", "2", "--microbatches", "4"]
            let outcome = try run("ulimit -v 300000", schedule, in: lab)
            #expect(outcome.exitCode == 0 && outcome.output.contains("rank 1 ··F0B0"), "\(outcome.errors)")
            let plan = try run("ulimit -v 400000", ["plan", lab.folder.file("pipeline.yaml")], in: lab)
            #expect(plan.exitCode == 0 && plan.output.contains("Step"), "\(plan.errors)")
        }

        /// The run had taken its folder before the library was loaded, and left it behind.
        @Test func `a run whose OpenBLAS cannot be loaded leaves no folder`() throws {
            let lab = try Lab()
            try lab.folder.write("no library", to: "libopenblas.so.0")
            let outcome = try run("export LD_LIBRARY_PATH=\(lab.folder.path)", training(lab), in: lab)
            #expect(outcome.exitCode == 75 && outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("echelon: cannot load OpenBLAS: "), "\(outcome.errors)")
            #expect(!lab.folder.exists("run"))
        }

        @Test func `a worker inherits its log and its lifeline, and nothing else`() throws {
            let lab = try Lab()
            let train = try lab.startTraining(Lab.endless, ["--quiet"])
            try lab.waitForSteps(of: train)
            let worker = try train.worker(1)
            let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker.id)/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker.id)/fd/\($0)")
            }
            let inRun = Set(files.filter { $0.hasPrefix(lab.folder.path) })
            // Opened by itself, before the first step.
            let expected = ["run/logs/rank-1.log", "run/model.safetensors.partial"].map { lab.folder.file($0) }
            #expect(inRun == Set(expected))
            #expect(files.filter { $0.hasPrefix("pipe:") }.count == 1, "\(files)")
            train.signal(SIGINT)
            _ = try train.finish()
        }

        // MARK: Output

        @Test(arguments: [["schedule", "1f1b", "--stages", "2", "--microbatches", "4"], ["--help"], ["--version"]])
        func `a full device for the output is an error`(command: [String]) throws {
            let lab = try Lab()
            let outcome = try run("exec >/dev/full", command, in: lab)
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors == "echelon: cannot write standard output: No space left on device\n")
        }

        @Test func `a reader that leaves early ends a command without a word`() throws {
            let lab = try Lab()
            let command = ["schedule", "1f1b", "--stages", "32", "--microbatches", "512", "--text"]
            let outcome = try run("set -o pipefail; trap '' PIPE; \"$@\" | true; exit $?", command, in: lab)
            #expect(outcome.exitCode == 141 && outcome.errors.isEmpty, "\(outcome.errors)")
        }

        @Test(arguments: [false, true]) func `training goes on where its output breaks`(isJSON: Bool) throws {
            let lab = try Lab()
            let outcome = try run(
                "exec >/dev/full", training(lab, isJSON ? ["--json"] : ["--set", "log_every=1"]), in: lab)
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors.contains("cannot write standard output: No space left on device"))
            #expect(outcome.errors.contains("the run is complete in"))
            try expectWholeRun(lab)
        }

        // MARK: Before anything is taken

        @Test func `a taken port leaves no folder, and the same line works once it is free`() throws {
            let lab = try Lab()
            let blocker = try lab.startTraining(["by_hand=[1]"], run: "blocker")
            let port = try #require(try lab.address(askedBy: blocker).split(separator: ":").last.map(String.init))
            for _ in 0..<2 {
                let outcome = try lab.startTraining([], ["--port", port]).finish()
                #expect(outcome.exitCode == 64)
                #expect(outcome.errors.hasPrefix("echelon: --port \(port) is taken"), "\(outcome.errors)")
                #expect(!lab.folder.exists("run"))
            }
            blocker.signal(SIGINT)
            _ = try blocker.finish()
            #expect(!lab.folder.exists("blocker"))
            #expect(try lab.startTraining([], ["--port", port]).finish().exitCode == 0)
        }

        @Test func `temporary folders are where TMPDIR says`() throws {
            let lab = try Lab()
            let train = try EchelonProcess(
                training(lab, ["--set", "by_hand=[1]"]), in: lab.folder,
                shell: "export TMPDIR=/dev/shm")
            let worker = try train.worker(0)
            #expect(worker.value(of: "--coordinator")?.hasPrefix("ipc:///dev/shm/echelon-") == true)
            train.signal(SIGINT)
            #expect(try train.finish().exitCode == 75)
            #expect(train.leftovers() == [])
        }

        // MARK: Signals

        /// Also where the command is killed: its processes remove the folder.
        @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func `a profile that is ended leaves nothing`(signal: Int32) throws
        {
            let lab = try Lab()
            try FileManager.default.createDirectory(atPath: lab.folder.file("tmp"), withIntermediateDirectories: true)
            let profile = try EchelonProcess(
                ["profile", lab.folder.file("pipeline.yaml"), "--repetitions", "1000"], in: lab.folder,
                shell: "export TMPDIR=\(lab.folder.file("tmp"))")
            try profile.wait(for: "two processes that measure") {
                profile.processes.count { $0.value(of: "--world") != nil } == 2 ? () : nil
            }
            profile.signal(signal)
            let outcome = try profile.finish(within: 10)
            #expect(outcome.exitCode == (signal == SIGKILL ? nil : 75))
            #expect(profile.leftovers(within: signal == SIGKILL ? 10 : 0) == [])
            #expect(lab.folder.files.filter { $0.hasPrefix("tmp/") } == [])
        }

        @Test func `a profile whose process hangs ends, and says which`() throws {
            let lab = try Lab()
            let profile = try lab.start(["profile", lab.folder.file("pipeline.yaml"), "--repetitions", "1000"])
            let child = try profile.wait(for: "a process that measures") {
                ProcessTable.entries(mentioning: "--world").first { $0.parent == profile.id }
            }
            // The sockets' folder goes once all are connected.
            let address = try #require(child.value(of: "--coordinator")).dropFirst("ipc://".count)
            try profile.wait(for: "all to be connected") {
                FileManager.default.fileExists(atPath: String(address)) ? nil : ()
            }
            kill(child.id, SIGSTOP)
            let outcome = try profile.finish(within: 60)
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors.contains("has not been heard of for"), "\(outcome.errors)")
        }

        /// The terminal stops the coordinator alone: its workers kept both cores busy.
        @Test func `a pause stops the workers too, and the run goes on after it`() throws {
            let lab = try Lab()
            // A shell with job control, as at a terminal: without one, the system stops nobody.
            let train = try EchelonProcess(
                training(lab, ["--set", "steps=1000000", "--quiet"]), in: lab.folder,
                shell: "set -m; \"$@\" & while kill -0 $! 2>/dev/null; do wait -f $!; done; exit")
            try lab.waitForSteps(of: train)
            let workers = try [0, 1].map { try train.worker($0) }
            let coordinator = workers[0].parent
            func states() -> [Character] {
                train.processes.filter { [coordinator, workers[0].id, workers[1].id].contains($0.id) }.map(\.state)
            }
            kill(coordinator, SIGTSTP)
            try train.wait(for: "all to stop") { states() == ["T", "T", "T"] ? () : nil }
            let before = try lab.folder.bytes("run/metrics.jsonl").count
            kill(coordinator, SIGCONT)
            try train.wait(for: "more steps") { try lab.folder.bytes("run/metrics.jsonl").count > before ? () : nil }
            kill(coordinator, SIGINT)
            try train.wait(for: "the run's message") { train.errors.contains("interrupted after ") ? () : nil }
            // The shell has done what it is here for, and may be slow to see that its job is over.
            train.signal(SIGKILL)
            _ = try train.finish()
            #expect(train.leftovers() == [])
        }
    }
}
