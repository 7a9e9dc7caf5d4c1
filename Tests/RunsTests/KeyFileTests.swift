import Glibc
import Runs
import Systems
import TestSupport
import Testing
import Transport

@Suite struct KeyFileTests {
    private func message(_ body: () throws -> Void) -> String {
        let error = #expect(throws: RunFailure.self) { try body() }
        #expect(error?.code == .badInput)
        return error?.message ?? ""
    }

    @Test func `each file is for its owner alone, and knows its counterpart`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("keys")
        let files = try KeyFolder.make(path, workers: 2)
        #expect(files == ["coordinator.key", "worker-0.key", "worker-1.key"].map { "\(path)/\($0)" })
        for file in files {
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        let coordinator = try KeyFile.coordinator(at: path, ranks: [1])
        let worker = try KeyFile.worker(at: path + "/worker-1.key", rank: 1)
        #expect(try KeyFile.worker(at: path, rank: 1) == worker)
        #expect(worker.coordinator == coordinator.own.publicKey)
        // Ranks that the coordinator starts itself need no key, and theirs opens nothing.
        #expect(coordinator.workers == [1: worker.own.publicKey])
    }

    @Test func `no key is replaced`() throws {
        let folder = try TemporaryFolder()
        _ = try KeyFolder.make(folder.file("keys"), workers: 1)
        let before = try folder.text("keys/coordinator.key")
        let text = message { _ = try KeyFolder.make(folder.file("keys"), workers: 1) }
        #expect(text.hasSuffix(".key is there already: expected a folder without keys"), "\(text)")
        #expect(try folder.text("keys/coordinator.key") == before)
        #expect(message { _ = try KeyFolder.make(folder.file("more"), workers: 0) }.contains("expected 1 to 1024"))
        #expect(!folder.exists("more"))
    }

    @Test func `another's file, one that others may read and a missing one are told apart`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("keys")
        _ = try KeyFolder.make(path, workers: 2)
        #expect(
            message { _ = try KeyFile.worker(at: path + "/worker-0.key", rank: 1) }
                .hasSuffix("is the key of worker 0, this is to be --rank 1"))
        #expect(
            message { _ = try KeyFile.worker(at: path + "/coordinator.key", rank: 1) }.contains("stays with train"))
        #expect(
            message { _ = try KeyFile.coordinator(at: path + "/worker-0.key", ranks: [0]) }
                .contains("train takes the coordinator's"))
        #expect(
            message { _ = try KeyFile.coordinator(at: path, ranks: [1, 5]) }
                .contains(
                    "worker 5 is started by hand and has no key there: make keys with `echelon keys DIR --workers 6`"))
        #expect(message { _ = try KeyFile.worker(at: path, rank: 9) }.contains("worker-9.key"))
        chmod(path + "/worker-1.key", 0o644)
        #expect(
            message { _ = try KeyFile.worker(at: path, rank: 1) }
                .contains("others may read or write it (mode 0644); expected 0600: chmod 600"))
    }

    @Test(arguments: [
        ("", "expected role: coordinator, or role: worker N"),
        ("role: worker 1\n", "expected secret"),
        ("role: worker 1\nsecret: SECRET\n", "expected coordinator: 64 hexadecimal digits"),
        ("role: worker one\n", ":1: expected coordinator or worker N, got worker one"),
        (
            "# a\n\nrole: worker 1\nrole: worker 2\n",
            ":4: expected role, secret, coordinator or worker N, each once, got role"
        ),
        ("role: coordinator\nsecret: 12\n", ":2: secret: expected 64 hexadecimal digits"),
        ("role: coordinator\nsecret: SECRET\nworker 0: KEY\nworker 1: KEY\n", ":4: worker 1 has the key of worker 0"),
        ("role: coordinator\nsecret: SECRET\nworker 70000: KEY\n", ":3: expected role"),
        ("role: coordinator\nsecret: SECRET\ncoordinator: KEY\n", "none for the coordinator itself"),
        ("role: worker 1\nsecret: SECRET\ncoordinator: KEY\nworker 1: KEY\n", "none for workers"),
        ("nothing\n", ":1: expected NAME: VALUE, got nothing"), ("a: b\n", ":1: expected role"),
        ("role: worker 1\nsecret: SECRET\ncoordinator: x\u{1b}[31m\n", "got x\\u{1b}[31m"),
    ])
    func `a file that was changed is refused with its line`(text: String, says: String) {
        let hex = String(repeating: "0a", count: 32)
        let whole = text.replacing("SECRET", with: hex).replacing("KEY", with: hex)
        let text = message { _ = try KeyFile(whole, path: "k") }
        #expect(text.hasPrefix("k:") && text.contains(says), "\(text)")
        // Who sends the message on sends no secret.
        #expect(!text.contains(hex))
    }

    @Test func `what is written is read`() throws {
        let (one, other) = (try CurvePair(), try CurvePair())
        let worker = KeyFile.worker(WorkerKeys(rank: 3, own: one, coordinator: other.publicKey))
        let coordinator = KeyFile.coordinator(
            CoordinatorKeys(own: other, workers: [0: one.publicKey, 3: other.publicKey]))
        for file in [worker, coordinator] {
            #expect(try KeyFile(file.text, path: "k") == file)
            // As an editor of another system writes lines.
            #expect(try KeyFile(file.text.replacing("\n", with: "\r\n"), path: "k") == file)
        }
    }
}
