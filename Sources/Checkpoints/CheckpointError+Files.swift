internal import Glibc
internal import Systems

extension CheckpointError {
    /// What a system call's error code says of the operation; `errno` unless given.
    static func system(_ path: String, _ operation: String, _ code: Int32 = errno) -> CheckpointError {
        CheckpointError(SystemError(operation, path, errno: code))
    }

    init(_ error: SystemError) {
        let (path, operation, reason) = (error.path, error.operation, error.explanation)
        self =
            error.isLacking
            ? .lacking(path: path, operation: operation, reason: reason)
            : .file(path: path, operation: operation, reason: reason)
    }

    /// What went wrong with reading a file of weights. A file that breaks the format may be one of another: the message
    /// says which, and what to do.
    static func reading(_ path: String, _ error: any Error) -> CheckpointError {
        switch error {
        case let error as CheckpointError: return error
        case let error as SystemError: return CheckpointError(error)
        case let problem as FormatProblem:
            let head = try? RegularFile(path, staysOpen: false).head(ForeignFile.headCount)
            // Behind its length, a header begins with a brace: a damaged safetensors file is none of another format.
            let isSafetensors = (head ?? []).dropFirst(SafetensorsHeader.prefixByteCount).first == UInt8(ascii: "{")
            if !isSafetensors, let head, let kind = ForeignFile(head: head), let text = describe(kind, path, head) {
                return .foreign(path: path, kind: text)
            }
            return .malformed(path: path, place: problem.place, expected: problem.expected, got: problem.got)
        default: return .file(path: path, operation: "read", reason: "\(error)")
        }
    }

    /// nil where the format's own message says more.
    private static func describe(_ kind: ForeignFile, _ path: String, _ head: [UInt8]) -> String? {
        switch kind {
        case .torch: return "\(kind), expected safetensors; convert it:\n  \(conversion(of: path))"
        case .numpy, .gguf, .hdf5, .parquet: return "\(kind), expected safetensors"
        case .json where path.hasSuffix(".json"): return nil
        case .json:
            let isIndex = String(decoding: head, as: UTF8.self).contains("weight_map")
            return isIndex
                ? "an index of other files: call it \(WeightsPath.index), beside them"
                : "\(kind), expected safetensors"
        case .empty, .lfsPointer, .webPage, .compressed, .zip: return "\(kind)"
        }
    }

    /// The command that makes a safetensors file of a state dict that PyTorch saved.
    static func conversion(of path: String) -> String {
        let folder = WeightsPath.folder(of: path)
        let name = path.dropFirst(folder.count)
        let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
        // The name under which a folder's weights are found.
        let converted = folder + (stem.isEmpty || stem == "pytorch_model" ? "model" : stem) + ".safetensors"
        let program =
            "import sys, torch; from safetensors.torch import save_file; "
            + "save_file({k: v.clone().contiguous() for k, v in torch.load(sys.argv[1], map_location=\"cpu\", "
            + "weights_only=True).items()}, sys.argv[2])"
        return "python3 -c '\(program)' \(shellWord(path)) \(shellWord(converted))"
    }

    /// The command that makes safetensors shards and their index of the shards that PyTorch saved.
    static func conversion(ofShardsIn folder: String) -> String {
        let program = [
            "import glob, json, os, sys, torch", "from safetensors.torch import save_file",
            "folder, files = sys.argv[1], {}",
            "for path in sorted(glob.glob(os.path.join(glob.escape(folder), \"pytorch_model-*.bin\"))):",
            "    name = os.path.basename(path).replace(\"pytorch_\", \"\").replace(\".bin\", \".safetensors\")",
            "    tensors = torch.load(path, map_location=\"cpu\", weights_only=True)",
            "    save_file({k: v.clone().contiguous() for k, v in tensors.items()}, os.path.join(folder, name))",
            "    files.update(dict.fromkeys(tensors, name))",
            "with open(os.path.join(folder, \"\(WeightsPath.index)\"), \"w\") as index:",
            "    json.dump({\"metadata\": {}, \"weight_map\": files}, index)",
        ].joined(separator: "\n")
        return "python3 -c '\(program)' \(shellWord(folder))"
    }

    /// As a shell reads it.
    private static func shellWord(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x2f, 0x5f: true
            default: false
            }
        }
        guard !plain || text.hasPrefix("-") else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

extension RegularFile {
    func bytes(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { bytes.deallocate() }
        try read(at: range.lowerBound, into: bytes)
        return Array(bytes)
    }
}
