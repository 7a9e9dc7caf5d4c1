internal import Glibc
internal import Systems

/// Where a model's weights are, for the path that a user gave.
package enum WeightsPath {
    package static let file = "model.safetensors"
    static let index = "model.safetensors.index.json"

    /// The path itself unless it is a folder; there, the single file or else the index.
    static func resolve(_ path: String) throws(CheckpointError) -> String {
        try resolve(path) { (_: String) in nil }
    }

    /// The same, and in a folder without safetensors its one GGUF file.
    static func resolvePretrained(_ path: String) throws(CheckpointError) -> String {
        try resolve(path) { (folder: String) throws(CheckpointError) in
            let names: [String]
            do throws(SystemError) { names = try File.names(in: folder) } catch { throw CheckpointError(error) }
            let files = names.filter { $0.hasSuffix(".gguf") }
            guard files.count > 1 else { return files.first.map { folder + $0 } }
            let some = files.prefix(5).map(quoted).joined(separator: ", ")
            let reason = "it holds \(files.count) GGUF files: name one of them: \(some)"
            throw .file(path: path, operation: "load weights", reason: reason)
        }
    }

    private static func resolve(
        _ path: String, orElse other: (String) throws(CheckpointError) -> String?
    ) throws(CheckpointError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path, "open") }
        guard status.st_mode & S_IFMT == S_IFDIR else { return path }
        let folder = path.hasSuffix("/") ? path : path + "/"
        for name in [file, index] where access(folder + name, F_OK) == 0 { return folder + name }
        if let found = try other(folder) { return found }
        for name in ["pytorch_model.bin", "model.pt", "consolidated.00.pth"] where access(folder + name, F_OK) == 0 {
            throw pickle(folder + name, CheckpointError.conversion(of: folder + name))
        }
        let shards = folder + "pytorch_model.bin.index.json"
        if access(shards, F_OK) == 0 { throw pickle(shards, CheckpointError.conversion(ofShardsIn: folder)) }
        throw .file(path: path, operation: "load weights", reason: "it holds neither \(file) nor \(index)")
    }

    private static func pickle(_ path: String, _ command: String) -> CheckpointError {
        .foreign(path: path, kind: "\(ForeignFile.torch), expected safetensors; convert it:\n  \(command)")
    }

    /// Up to and with the last slash; empty where there is none.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}
