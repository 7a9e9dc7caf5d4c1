internal import Foundation
internal import Systems

/// What a checkpoint's folder holds: each file with its size and its hash.
package struct StepFile: Codable, Hashable, Sendable {
    /// Below the checkpoint's folder: `optimizer/optimizer-00001-of-00002.safetensors`
    package var name: String
    package var byteCount: Int
    /// SHA-256 in hexadecimal digits.
    package var hash: String

    private enum CodingKeys: String, CodingKey {
        case name
        case byteCount = "bytes"
        case hash = "sha256"
    }

    package init(name: String, byteCount: Int, hash: String) {
        self.name = name
        self.byteCount = byteCount
        self.hash = hash
    }

    /// Whether the name stays within its folder.
    private var isBelow: Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0 != ".." && $0 != "." && !$0.utf8.contains(0) }
    }

    /// Reads the whole file.
    /// - Throws: where it is not as it was written: with its path, what was expected and what was found.
    package func verify(in folder: String) throws(CheckpointError) {
        let path = folder + "/" + name
        func damaged(_ place: String, _ expected: String, _ got: String) -> CheckpointError {
            .malformed(path: path, place: place, expected: expected, got: got)
        }
        guard isBelow else { throw damaged("its name", "that of a file in \(folder)", quoted(name)) }
        guard let size = File.size(path) else { throw damaged("its size", "\(byteCount) bytes", "no such file") }
        guard size == byteCount else { throw damaged("its size", "\(byteCount) bytes", "\(size)") }
        let found: String
        do throws(SystemError) { found = try SHA256.hash(ofFile: path) } catch { throw CheckpointError(error) }
        guard found == hash else { throw damaged("its contents", "SHA-256 \(hash)", found) }
    }
}

/// Tensors of a checkpoint, in several files, by their names.
package struct StepTensors: Sendable {
    private let folder: String
    private let files: [SafetensorsFile]
    private var fileOf: [String: Int] = [:]
    /// By whole tensor: those that the files hold of it, where none holds it whole.
    private var pieces: [String: [TensorPiece]] = [:]

    /// Opens every safetensors file of the list.
    /// - Throws: where one cannot be read, breaks the format, or repeats a tensor of another.
    package init(_ files: [StepFile], in folder: String) throws(CheckpointError) {
        self.folder = folder
        var opened: [SafetensorsFile] = []
        for file in files where file.name.hasSuffix(".safetensors") {
            let next = try SafetensorsFile(path: folder + "/" + file.name)
            for tensor in next.tensors where fileOf.updateValue(opened.count, forKey: tensor.name) != nil {
                throw .malformed(
                    path: next.path, place: "tensor \(quoted(tensor.name))", expected: "it once", got: "it twice")
            }
            for piece in next.tensors.compactMap({ TensorPiece($0.name) }) {
                pieces[piece.name, default: []].append(piece)
            }
            opened.append(next)
        }
        self.files = opened
    }

    /// The names, and where each stands, in the order of the files.
    package var names: [String] { Array(fileOf.keys) }

    /// Fills `out` with an f32 tensor, or with a piece of one, whichever way the files have it: whole, or in pieces of any size.
    /// - Throws: where there is none of that name and size.
    package func read(_ name: String, into out: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        guard fileOf[name] == nil else { return try readEntry(name, into: out) }
        let wanted = TensorPiece(name) ?? TensorPiece(name, 0..<max(out.count / 4, 1))
        if let index = fileOf[wanted.name], let whole = files[index][wanted.name], whole.type == .f32,
            wanted.elements.upperBound * 4 <= whole.range.count
        {
            return try files[index].read(whole, at: wanted.elements.lowerBound * 4, into: out)
        }
        var end = wanted.elements.lowerBound
        for piece in (pieces[wanted.name] ?? []).sorted(by: { $0.elements.lowerBound < $1.elements.lowerBound }) {
            let part = piece.elements.clamped(to: end..<wanted.elements.upperBound)
            guard part.lowerBound == end, !part.isEmpty, let index = fileOf[piece.text],
                let tensor = files[index][piece.text], tensor.type == .f32,
                tensor.range.count == piece.elements.count * 4
            else { continue }
            let start = (part.lowerBound - wanted.elements.lowerBound) * 4
            let place = UnsafeMutableRawBufferPointer(rebasing: out[start..<start + part.count * 4])
            try files[index].read(tensor, at: (part.lowerBound - piece.elements.lowerBound) * 4, into: place)
            end = part.upperBound
        }
        guard end == wanted.elements.upperBound, wanted.elements.count * 4 == out.count else {
            let found = end == wanted.elements.lowerBound ? "no such tensor" : "its elements up to \(end) alone"
            throw .malformed(path: folder, place: "its tensors", expected: quoted(name), got: found)
        }
    }

    private func readEntry(_ name: String, into out: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        guard let index = fileOf[name], let tensor = files[index][name] else {
            throw .malformed(path: folder, place: "its tensors", expected: quoted(name), got: "no such tensor")
        }
        guard tensor.type == .f32, tensor.range.count == out.count else {
            throw .malformed(
                path: files[index].path, place: "tensor \(quoted(name))", expected: "\(out.count) bytes of f32",
                got: "\(tensor.range.count) of \(tensor.type)")
        }
        try files[index].read(tensor, at: 0, into: out)
    }
}

/// The index of a model in several files, as Hugging Face's libraries write it.
package enum StepIndex {
    private struct Index: Encodable {
        var metadata: [String: Int]
        var weightMap: [String: String]

        enum CodingKeys: String, CodingKey {
            case metadata
            case weightMap = "weight_map"
        }
    }

    /// `model.safetensors.index.json` for the files of a checkpoint whose names begin with `prefix`.
    /// - Returns: nil where there are none.
    package static func text(
        of files: [StepFile], in folder: String, prefix: String
    ) throws(CheckpointError) -> [UInt8]? {
        var map: [String: String] = [:]
        var size = 0
        for file in files where file.name.hasPrefix(prefix) {
            for tensor in try SafetensorsFile(path: folder + "/" + file.name).tensors {
                map[tensor.name] = file.name
                size += tensor.range.count
            }
        }
        guard !map.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(Index(metadata: ["total_size": size], weightMap: map))) } catch {
            throw .file(path: folder, operation: "write the index of", reason: "\(error)")
        }
    }
}
