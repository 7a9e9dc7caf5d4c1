import Echelon
import Foundation
import Glibc
import TestSupport
import Testing

extension Lab {
    /// Where the coordinator waits for workers started by hand, as it says.
    func address(askedBy process: EchelonProcess) throws -> String {
        try process.wait(for: "the coordinator's address") {
            process.output.firstMatch(of: #/--coordinator (tcp://127\.0\.0\.1:[0-9]+)\n/#).map { String($0.1) }
        }
    }

    /// Starts the worker that `train` asks for.
    func startWorker(_ rank: Int, _ overrides: [String], for process: EchelonProcess) throws -> EchelonProcess {
        let address = try address(askedBy: process)
        return try start(
            [
                "worker", folder.file("pipeline.yaml"), "--rank", "\(rank)", "--coordinator", address, "--secret-file",
                folder.file("run/secret"),
            ] + Self.arguments(overrides))
    }
}

extension EndToEndTests {
    /// Workers that somebody starts in another terminal.
    @Suite struct ByHandTests {
        private let overrides = ["devices=\(Lab.devices(3))", "by_hand=[1]"]

        @Test func `the run is the same as without hands`() throws {
            let lab = try Lab()
            let usual = try lab.train([overrides[0]], run: "usual")
            let train = try lab.startTraining(overrides)
            let worker = try lab.startWorker(1, overrides, for: train)
            let outcome = try train.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try worker.finish().exitCode == 0)
            #expect(train.leftovers() == [])
            let run = try FinishedRun(lab.folder, "run", outcome)
            #expect(run.losses == usual.losses && run.gradientNorms == usual.gradientNorms)
            #expect(run.weights != nil && run.weights == usual.weights)
        }

        @Test func `the printed command and a chosen port work`() throws {
            let lab = try Lab()
            let port = try freePort()
            let train = try lab.startTraining(overrides, ["--port", "\(port)"])
            let line = try train.wait(for: "the command to type") {
                train.output.firstMatch(of: #/\n  \S*echelon (worker .+)\n/#).map { String($0.1) }
            }
            #expect(line.hasSuffix("tcp://127.0.0.1:\(port)"))
            let worker = try lab.start(line.split(separator: " ").map(String.init))
            #expect(try train.finish().exitCode == 0)
            #expect(try worker.finish().exitCode == 0)
            #expect(train.leftovers() == [])
        }

        /// The run's secret lies beside its manifest, for its owner alone, and goes with the run.
        @Test func `a worker reaches the coordinator by the machine's name, and its secret is nobody else's`() throws {
            let lab = try Lab()
            let train = try lab.startTraining(overrides)
            let port = try lab.address(askedBy: train).split(separator: ":").last ?? ""
            var status = stat()
            #expect(stat(lab.folder.file("run/secret"), &status) == 0 && status.st_mode & 0o777 == 0o600)
            let worker = try lab.start([
                "worker", lab.folder.file("run/pipeline.yaml"), "--rank", "1", "--coordinator",
                "tcp://localhost:\(port)",
            ])
            #expect(try train.finish().exitCode == 0)
            #expect(try worker.finish().exitCode == 0)
            #expect(!lab.folder.exists("run/secret"))
        }

        /// Somebody copied other weights over the file between the start of the run and of the worker.
        @Test func `weights that were replaced under the same path are refused by name`() throws {
            let lab = try Lab()
            _ = try lab.train(run: "before")
            let weights = lab.folder.file("before/model.safetensors")
            let more = overrides + ["weights=\(weights)"]
            let train = try lab.startTraining(more)
            let address = try lab.address(askedBy: train)
            var bytes = try lab.folder.bytes("before/model.safetensors")
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(fileURLWithPath: weights))
            let worker = try lab.start([
                "worker", lab.folder.file("run/pipeline.yaml"), "--rank", "1", "--coordinator", address,
            ])
            let outcome = try worker.finish()
            #expect(outcome.exitCode == 64)
            #expect(
                outcome.errors.contains("its weights file \(weights) is \(bytes.count) bytes, hash "),
                "\(outcome.errors)")
            train.signal(SIGINT)
            #expect(try train.finish().exitCode == 75)
        }

        /// What the check at the start counts is what processes have open, and a few to spare.
        @Test(arguments: [2, 4]) func `the descriptors that a run is said to need are those that it has`(ranks: Int)
            throws
        {
            let lab = try Lab()
            let more = ["devices=\(Lab.devices(ranks))", "by_hand=[1]"] + Lab.endless
            let train = try lab.startTraining(more)
            let worker = try lab.startWorker(1, more, for: train)
            try lab.waitForSteps(of: train)
            func expect(_ process: pid_t, _ needed: Int, _ who: String) throws {
                let count = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
                #expect(count <= needed && count >= needed - DescriptorCheck.besides, "\(who): \(count) of \(needed)")
            }
            try expect(train.id, DescriptorCheck.coordinator(ranks: ranks), "coordinator")
            let plan = try TrainingPlan(PipelineManifest.load(path: lab.folder.file("run/pipeline.yaml")))
            try expect(try train.worker(0).id, DescriptorCheck.worker(of: 0, plan), "worker 0")
            try expect(worker.id, DescriptorCheck.worker(of: 1, plan), "worker 1")
            train.signal(SIGINT)
            _ = try train.finish()
        }

        @Test func `a killed worker started by hand ends the run`() throws {
            let lab = try Lab()
            let train = try lab.startTraining(overrides + Lab.endless)
            let worker = try lab.startWorker(1, overrides + Lab.endless, for: train)
            try lab.waitForSteps(of: train)
            worker.signal(SIGKILL)
            _ = try worker.finish()
            let outcome = try train.finish(within: 10)
            #expect(train.leftovers() == [])
            #expect(outcome.exitCode == 75)
            #expect(outcome.errors.hasPrefix("echelon: worker 1 (\(Lab.device(1))) closed its connection"))
        }

        /// Whoever ends first, the worker in the other terminal does not stay behind.
        @Test(arguments: [true, false]) func `it ends with the run`(isCoordinatorKilled: Bool) throws {
            let lab = try Lab()
            let train = try lab.startTraining(overrides + Lab.endless)
            let worker = try lab.startWorker(1, overrides + Lab.endless, for: train)
            try lab.waitForSteps(of: train)
            if isCoordinatorKilled { train.signal(SIGKILL) } else { kill(try train.worker(2).id, SIGKILL) }
            _ = try train.finish(within: 10)
            #expect(try worker.finish(within: 10).exitCode == 75)
            #expect(train.leftovers(within: 10) == [])
        }

        /// A port that nobody listens at.
        private func freePort() throws -> UInt16 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
                }
            }
            try #require(isBound)
            return UInt16(bigEndian: address.sin_port)
        }
    }
}
