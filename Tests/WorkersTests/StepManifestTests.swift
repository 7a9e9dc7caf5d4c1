import Checkpoints
import Foundation
import Runs
import Systems
import TestSupport
import Testing
import Workers

/// What a checkpoint says of itself.
@Suite struct StepManifestTests {
    private func manifest(_ change: (inout StepState) -> Void = { _ in }) -> StepManifest {
        var state = StepState()
        (state.step, state.samples, state.updates) = (12, 96, 11)
        change(&state)
        return StepManifest(
            program: "0.1.0", run: "tiny \"own_sha256\" : \"00", attempt: 2, step: 12, time: "2026-01-01T00:00:00Z",
            manifest: ["steps": "00ff"], state: state,
            best: .init(EvaluationMetrics(step: 10, loss: 0.1, tokens: 5, samples: 2, seconds: 1)),
            base: [:], isFamilys: false, files: [StepFile(name: "model", byteCount: 3, hash: SHA256.hash([1, 2, 3]))])
    }

    private func read(_ bytes: [UInt8]) throws -> StepManifest {
        let folder = try TemporaryFolder()
        try folder.write(bytes, to: StepsFolder.manifestName)
        return try StepManifest.read(in: folder.path)
    }

    @Test func `reads back as it was written`() throws {
        var found = try read(manifest().encoded())
        #expect(found.best?.metrics.loss == 0.1)
        found.ownHash = manifest().ownHash
        #expect(found == manifest())
    }

    @Test func `every flipped bit and every length but its own is found`() throws {
        let bytes = try manifest().encoded()
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1 << UInt8(index % 8)
            #expect(throws: CheckpointError.self) { try read(other) }
            #expect(throws: CheckpointError.self) { try read(Array(bytes.prefix(index))) }
        }
    }

    @Test func `numbers that no run leaves are refused, whatever the hash says`() throws {
        for change: (inout StepState) -> Void in [
            { $0.updates = .max }, { $0.samples = -1 }, { $0.step = 13 }, { $0.skippedInRow = .min },
        ] {
            #expect(throws: CheckpointError.self) { try read(manifest(change).encoded()) }
        }
    }

    @Test func `files are held against size and hash, and stay below the folder`() throws {
        let folder = try TemporaryFolder()
        try folder.write(manifest().encoded(), to: StepsFolder.manifestName)
        func problem(_ step: Int = 12) -> String {
            do {
                _ = try StepManifest.verify(in: folder.path, step: step)
                return ""
            } catch { return "\(error)" }
        }
        #expect(problem().contains("/model: its size: expected 3 bytes, got no such file"))
        try folder.write([1, 2, 4], to: "model")
        #expect(problem().contains("/model: its contents: expected SHA-256 "))
        try folder.write([1, 2, 3], to: "model")
        #expect(problem() == "")
        #expect(problem(13).contains("step: expected 13, as the folder's name, got 12"))
        for name in ["../model", "/model", "a/b/model", "", "."] {
            let file = StepFile(name: name, byteCount: 3, hash: "")
            #expect(throws: CheckpointError.self) { try file.verify(in: folder.path) }
        }
    }
}
