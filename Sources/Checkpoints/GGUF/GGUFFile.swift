internal import Systems

/// A GGUF file, version 2 or 3, little-endian: its metadata in memory, its tensors read when they are asked for
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
///
///     let file = try GGUFFile(path: "SmolLM2.gguf")
///     try file.string("general.architecture")          // "llama"
///     try file.strings("tokenizer.ggml.tokens")?.count  // 49152
package final class GGUFFile: Sendable {
    package let path: String
    package let version: Int
    /// All keys of the metadata, in the file's order.
    package let keys: [String]
    /// In the file's order, with row-major shapes: outermost axis first.
    package let tensors: [PretrainedTensor]
    private let metadata: [String: GGUFValue]

    /// Reads a file's head and checks all of it: whatever it claims must lie inside the file.
    package init(path: String) throws(CheckpointError) {
        self.path = path
        do {
            let head = try GGUFHead(RegularFile(path, staysOpen: false))
            version = head.version
            keys = head.keys
            metadata = head.metadata
            tensors = head.tensors
        } catch {
            throw .readingGGUF(path, error)
        }
    }

    package subscript(key: String) -> GGUFValue? { metadata[key] }

    /// Whether a path is meant as a GGUF file: it is called so, or begins as one.
    static func isNamed(_ path: String) throws(CheckpointError) -> Bool {
        if path.hasSuffix(".gguf") { return true }
        if path.hasSuffix(".safetensors") || path.hasSuffix(".json") { return false }
        do throws(SystemError) {
            return ForeignFile(head: try RegularFile(path, staysOpen: false).head(ForeignFile.headCount)) == .gguf
        } catch {
            throw CheckpointError(error)
        }
    }
}

extension CheckpointError {
    /// What went wrong with reading a GGUF file.
    fileprivate static func readingGGUF(_ path: String, _ error: any Error) -> CheckpointError {
        switch error {
        case let error as CheckpointError: return error
        case let error as SystemError: return CheckpointError(error)
        case let problem as FormatProblem:
            let head = try? RegularFile(path, staysOpen: false).head(ForeignFile.headCount)
            if let kind = head.flatMap({ ForeignFile(head: $0) }), kind != .gguf {
                return .foreign(path: path, kind: "\(kind), expected GGUF")
            }
            return .malformed(path: path, place: problem.place, expected: problem.expected, got: problem.got)
        default: return .file(path: path, operation: "read", reason: "\(error)")
        }
    }
}
