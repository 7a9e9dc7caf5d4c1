internal import Glibc
internal import Systems

/// What a preparation that is not finished leaves beside its shards: how far it came.
struct PreparationState: Codable, Sendable {
    static let fileName = "progress.json"

    /// With the shards that are done.
    var manifest: ShardManifest
    /// The first record that no finished shard holds.
    var place = RecordPlace()

    init(_ manifest: ShardManifest) { self.manifest = manifest }

    /// What an earlier start of the same preparation left; nil: nothing.
    /// - Throws: where the folder holds something else.
    static func load(_ folder: String, _ wanted: ShardManifest) throws -> (PreparationState, isDone: Bool)? {
        let advice = "; --force starts anew, another --out leaves it"
        if File.exists("\(folder)/\(ShardManifest.fileName)") {
            let manifest = try ShardManifest.load(folder: folder)
            if let difference = manifest.difference(from: wanted) {
                throw DatasetError.shards(
                    path: folder, expected: "nothing, or this preparation", got: "one with \(difference)\(advice)")
            }
            return (PreparationState(manifest), true)
        }
        let path = "\(folder)/\(fileName)"
        guard File.exists(path) else {
            let names = File.exists(folder) ? try File.names(in: folder) : []
            guard names.allSatisfy(isOurs) else {
                throw DatasetError.shards(
                    path: folder, expected: "a new or empty folder", got: "one with other files; choose another --out")
            }
            return nil
        }
        let state = try ShardManifest.decode(PreparationState.self, path)
        if let difference = state.manifest.difference(from: wanted) {
            throw DatasetError.shards(
                path: folder, expected: "nothing, or the rest of this preparation",
                got: "the rest of one with \(difference)\(advice)")
        }
        if !state.manifest.shards.isEmpty { try state.manifest.check(path) }
        for shard in state.manifest.shards {
            for (name, size) in [(shard.tokensFile, shard.tokens * 4), (shard.indexFile, (shard.samples + 1) * 8)]
            where File.size("\(folder)/\(name)") != size {
                throw DatasetError.shards(
                    path: "\(folder)/\(name)", expected: "\(size) bytes", got: "another file\(advice)")
            }
        }
        return (state, false)
    }

    func save(_ folder: String) throws {
        try ShardWriter.write(try ShardManifest.encode(self), to: "\(folder)/\(Self.fileName)")
    }

    /// Removes what this program writes, and nothing else.
    static func clear(_ folder: String) throws(SystemError) {
        guard File.exists(folder) else { return }
        for name in try File.names(in: folder) where isOurs(name) { File.remove("\(folder)/\(name)") }
    }

    /// Whether a file of this name is one that a preparation makes.
    private static func isOurs(_ name: String) -> Bool {
        let name = name.hasSuffix(ShardWriter.partial) ? String(name.dropLast(ShardWriter.partial.count)) : name
        return name == fileName || name == ShardManifest.fileName || name.hasPrefix("tokens-") && name.hasSuffix(".u32")
            || name.hasPrefix("index-") && name.hasSuffix(".u64")
    }
}

/// Keeps a second preparation from writing into the same folder.
final class FolderLock {
    private let file: Int32

    init(_ folder: String) throws(DatasetError) {
        file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else {
            throw .file(path: folder, operation: "open", reason: SystemError("open", folder).explanation)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .shards(path: folder, expected: "a folder of one preparation", got: "one that another writes to now")
        }
    }

    deinit { close(file) }
}
