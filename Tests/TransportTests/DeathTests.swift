import Foundation
import Testing
import Transport

/// A worker in a process of its own, ended as the kernel ends one.
extension LiveTests {
    @Suite struct DeathTests {
        static let addressKey = "ECHELON_TEST_COORDINATOR"
        static let secretKey = "ECHELON_TEST_SECRET"
        static let link = LinkDeclaration(id: 0, from: 1, to: 0, credit: 2, maxPayload: 1 << 20)

        /// What the child process runs: rank 1, sending until it is killed.
        @Test(.enabled(if: ProcessInfo.processInfo.environment[addressKey] != nil))
        func `the worker that a parent kills`() throws {
            let address = try #require(ProcessInfo.processInfo.environment[Self.addressKey])
            var configuration = WorkerConfiguration(
                rank: 1, coordinator: address, digest: "digest", links: [Self.link])
            configuration.secret = RunSecret(ProcessInfo.processInfo.environment[Self.secretKey] ?? "")
            let worker = WorkerEndpoint(configuration)
            try worker.start()
            try worker.awaitGo()
            let buffer = Buffer(count: 1 << 20)
            #expect(throws: TransportError.self) {
                for index in 0... {
                    _ = try worker.send(link: 0, header: header(index, count: 1 << 20), payload: buffer.view).wait()
                }
            }
            try worker.close(goodbye: false)
        }

        private func spawnChild(of coordinator: Coordinator) throws -> Process {
            let child = Process()
            child.executableURL = URL(
                fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            child.arguments = ["--testing-library", "swift-testing", "--filter", "the worker that a parent kills"]
            child.environment = ProcessInfo.processInfo.environment.merging([
                Self.addressKey: coordinator.address, Self.secretKey: coordinator.secret.text,
            ]) { $1 }
            child.standardOutput = FileHandle.nullDevice
            child.standardError = FileHandle.nullDevice
            try child.run()
            return child
        }

        /// Each round kills at another place of the stream: before, between and inside messages.
        @Test(arguments: [Medium.ipc, .tcp], [1, 2, 7, 40])
        func `a killed worker is gone`(medium: Medium, messages: Int) throws {
            let coordinator = try Coordinator(medium)
            defer { coordinator.stop() }
            var configuration = WorkerConfiguration(
                rank: 0, coordinator: coordinator.address, digest: "digest", links: [Self.link])
            configuration.secret = coordinator.secret
            let survivor = WorkerEndpoint(configuration)
            defer { try? survivor.close(goodbye: false) }
            try survivor.start()
            let child = try spawnChild(of: coordinator)
            defer {
                kill(child.processIdentifier, SIGKILL)
                child.waitUntilExit()
            }
            try survivor.awaitGo()
            for index in 0..<messages {
                try survivor.receive(link: 0, expecting: header(index, count: 1 << 20)) { _ in }
            }
            kill(child.processIdentifier, SIGKILL)
            let error = #expect(throws: TransportError.self) {
                for index in messages... {
                    try survivor.receive(link: 0, expecting: header(index, count: 1 << 20)) { _ in }
                }
            }
            #expect(error == .peerGone(rank: 1))
            try coordinator.see(.gone(rank: 1))
        }
    }
}
