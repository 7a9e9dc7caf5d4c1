package import Checkpoints
import Foundation
package import Runs
import Systems

/// `trainer_state.json` of a checkpoint: what it is of, all of the run's state that is no tensor, and the hash of every
/// other file. A checkpoint is complete if this file is.
package struct StepManifest: Codable, Hashable, Sendable {
    /// The evaluation with the lowest loss so far.
    package struct Best: Codable, Hashable, Sendable {
        package var step: Int
        package var loss: Double
        package var tokens: Int
        package var samples: Int
        package var seconds: Double

        package init(_ metrics: EvaluationMetrics) {
            (step, loss, tokens, samples) = (metrics.step, metrics.loss, metrics.tokens, metrics.samples)
            seconds = metrics.seconds
        }

        package var metrics: EvaluationMetrics {
            EvaluationMetrics(
                step: step, loss: loss, tokens: tokens, samples: samples, seconds: seconds, isBest: true)
        }
    }

    /// Of this form.
    package var version = 1
    /// The program that wrote it.
    package var program: String
    /// Which run it belongs to.
    package var run: String
    /// Which attempt at the run wrote it, counted from 1.
    package var attempt: Int
    /// Steps that were done.
    package var step: Int
    /// When it was written: ISO 8601, UTC.
    package var time: String
    /// SHA-256 of what the resolved manifest says, by key.
    package var manifest: [String: String]
    package var state: StepState
    /// nil where nothing was evaluated yet.
    package var best: Best?
    /// Files that the run's first weights came from, by their content hash; those of adapters' runs alone, which need
    /// them again.
    package var base: [String: String]
    /// Whether weights have the names and shapes of the model's family; else those of the model's layers.
    package var isFamilys: Bool
    package var files: [StepFile]
    /// SHA-256 of this file with 64 zeros in this place.
    package var ownHash = StepManifest.blank

    private enum CodingKeys: String, CodingKey {
        case version, program, run, attempt, step, time, manifest, state, best, base, files
        case isFamilys = "family_names"
        case ownHash = "own_sha256"
    }

    package init(
        program: String, run: String, attempt: Int, step: Int, time: String, manifest: [String: String],
        state: StepState, best: Best?, base: [String: String], isFamilys: Bool,
        files: [StepFile]
    ) {
        self.program = program
        self.run = run
        self.attempt = attempt
        self.step = step
        self.time = time
        self.manifest = manifest
        self.state = state
        self.best = best
        self.base = base
        self.isFamilys = isFamilys
        self.files = files
    }

    private static let blank = String(repeating: "0", count: 64)
    private static let key = "\"own_sha256\" : \""
    /// Of thousands of files, some 200 bytes each.
    private static let sizeLimit = 16 << 20

    /// The file's bytes.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var copy = self
        copy.ownHash = Self.blank
        var bytes = Array(try encoder.encode(copy)) + [UInt8(ascii: "\n")]
        if let place = Self.placeOfHash(bytes) { bytes.replaceSubrange(place, with: SHA256.hash(bytes).utf8) }
        return bytes
    }

    /// Reads the file of a checkpoint's folder, and checks its own hash.
    /// - Throws: `CheckpointError` with the file's path.
    package static func read(in folder: String) throws(CheckpointError) -> StepManifest {
        let path = folder + "/" + StepsFolder.manifestName
        func damaged(_ place: String, _ expected: String, _ got: String) -> CheckpointError {
            .malformed(path: path, place: place, expected: expected, got: got)
        }
        var bytes: [UInt8]
        do throws(SystemError) { bytes = try File.read(path, limit: sizeLimit) } catch {
            throw .file(path: path, operation: "read", reason: error.explanation)
        }
        guard let place = placeOfHash(bytes) else { throw damaged("its contents", "own_sha256", "no such key") }
        let written = String(decoding: bytes[place], as: UTF8.self)
        bytes.replaceSubrange(place, with: blank.utf8)
        let found = SHA256.hash(bytes)
        guard found == written else { throw damaged("its contents", "SHA-256 \(written.printable())", found) }
        let manifest: StepManifest
        do { manifest = try JSONDecoder().decode(StepManifest.self, from: Data(bytes)) } catch {
            throw damaged("its contents", "a checkpoint's state", "\(error)".printable(limit: 200))
        }
        guard manifest.version == 1 else { throw damaged("version", "1", "\(manifest.version)") }
        guard manifest.step == manifest.state.step, manifest.step >= 0, manifest.step < 1 << 48 else {
            throw damaged("step", "one number from 0 to 2^48", "\(manifest.step) and \(manifest.state.step)")
        }
        guard manifest.state.isPossible else {
            throw damaged("state", "counts from 0 to 2^48 and a loss scale above 0", "\(manifest.state)")
        }
        return manifest
    }

    /// Reads the file and then every other file of the folder.
    /// - Throws: `CheckpointError` for the first that is not as it was written.
    package static func verify(in folder: String, step: Int) throws(CheckpointError) -> StepManifest {
        let manifest = try read(in: folder)
        guard manifest.step == step else {
            throw .malformed(
                path: folder + "/" + StepsFolder.manifestName, place: "step", expected: "\(step), as the folder's name",
                got: "\(manifest.step)")
        }
        for file in manifest.files { try file.verify(in: folder) }
        return manifest
    }

    /// The last one: a text before it may hold the same characters only with escaped quotes.
    private static func placeOfHash(_ bytes: [UInt8]) -> Range<Int>? {
        let key = Array(key.utf8)
        guard bytes.count >= key.count + 64 else { return nil }
        for start in stride(from: bytes.count - key.count - 64, through: 0, by: -1)
        where bytes[start] == key[0] && bytes[start..<start + key.count].elementsEqual(key) {
            return start + key.count..<start + key.count + 64
        }
        return nil
    }
}
