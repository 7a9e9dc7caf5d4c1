internal import Glibc
internal import Systems

/// Where a model's weights are, for the path that a user gave.
enum WeightsPath {
    static let file = "model.safetensors"
    static let index = "model.safetensors.index.json"

    /// The path itself unless it is a folder; there, the single file or else the index.
    static func resolve(_ path: String) throws(CheckpointError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path, "open") }
        guard status.st_mode & S_IFMT == S_IFDIR else { return path }
        let folder = path.hasSuffix("/") ? path : path + "/"
        for name in [file, index] where access(folder + name, F_OK) == 0 { return folder + name }
        for name in ["pytorch_model.bin", "model.pt", "consolidated.00.pth"] where access(folder + name, F_OK) == 0 {
            let kind = "\(ForeignFile.torch), expected safetensors; convert it:\n  "
            throw .foreign(path: folder + name, kind: kind + CheckpointError.conversion(of: folder + name))
        }
        throw .file(path: path, operation: "load weights", reason: "it holds neither \(file) nor \(index)")
    }

    /// Up to and with the last slash; empty where there is none.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}
