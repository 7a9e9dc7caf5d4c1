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
            ["worker", folder.file("pipeline.yaml"), "--rank", "\(rank)", "--coordinator", address]
                + Self.arguments(overrides))
    }
}

extension EndToEndTests {
    /// Workers that somebody starts in another terminal.
    @Suite struct ByHandTests {
        private let overrides = ["devices=\(Lab.devices(3))", "by_hand=[1]"]

        @Test func theRunIsTheSameAsWithoutHands() throws {
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

        @Test func thePrintedCommandAndAChosenPortWork() throws {
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

        @Test func aKilledWorkerStartedByHandEndsTheRun() throws {
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
        @Test(arguments: [true, false]) func itEndsWithTheRun(isCoordinatorKilled: Bool) throws {
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
