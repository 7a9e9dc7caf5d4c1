internal import Systems

/// A safetensors file: its header in memory, its tensors read when they are asked for.
///
/// The file is open only while it is read; one that was replaced or written to since its header was read is an error.
package final class SafetensorsFile: Sendable {
    package let path: String
    package let metadata: [String: String]
    /// In the order of their bytes in the file.
    package let tensors: [StoredTensor]
    private let indices: [String: Int]
    private let file: RegularFile
    private let dataStart: Int

    /// Opens a file and validates its whole header. Throws when it cannot be read or breaks the format.
    package init(path: String) throws(CheckpointError) {
        self.path = path
        do {
            file = try RegularFile(path, staysOpen: false)
            dataStart = try Self.dataStart(file)
            let json = try file.bytes(SafetensorsHeader.prefixByteCount..<dataStart)
            let header = try SafetensorsHeader(json, dataByteCount: file.byteCount - dataStart)
            metadata = header.metadata
            tensors = header.tensors
        } catch {
            throw CheckpointError.reading(path, error)
        }
        var indices: [String: Int] = [:]
        for (i, tensor) in tensors.enumerated() { indices[tensor.name] = i }
        self.indices = indices
    }

    package subscript(name: String) -> StoredTensor? { indices[name].map { tensors[$0] } }

    /// A tensor's bytes, row-major and little-endian; nil when there is no such tensor.
    package func bytes(of name: String) throws(CheckpointError) -> [UInt8]? {
        guard let tensor = self[name] else { return nil }
        var bytes = [UInt8](repeating: 0, count: tensor.range.count)
        do {
            try bytes.withUnsafeMutableBytes { try read(tensor, at: 0, into: $0) }
        } catch {
            throw CheckpointError.reading(path, error)
        }
        return bytes
    }

    /// Fills `out` with a tensor's bytes from `offset` of them on.
    func read(
        _ tensor: StoredTensor, at offset: Int, into out: UnsafeMutableRawBufferPointer
    ) throws(CheckpointError) {
        try place(of: tensor).read(at: offset, into: out)
    }

    /// Where a tensor's bytes lie.
    func place(of tensor: StoredTensor) -> TensorBytes {
        let range = dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound
        return TensorBytes(file: file, range: range)
    }

    /// The tensors, each with where its bytes lie.
    var pretrainedTensors: [PretrainedTensor] {
        tensors.map {
            PretrainedTensor(name: $0.name, encoding: .plain($0.type), shape: $0.shape, bytes: place(of: $0))
        }
    }

    /// Where the data begins: behind the header and the eight bytes that hold its length.
    private static func dataStart(_ file: RegularFile) throws -> Int {
        let prefix = SafetensorsHeader.prefixByteCount
        guard file.byteCount >= prefix else {
            throw FormatProblem(place: "its header", expected: "at least \(prefix) bytes", got: "\(file.byteCount)")
        }
        let length = try file.bytes(0..<prefix).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let limit = min(SafetensorsHeader.maximumByteCount, file.byteCount - prefix)
        guard length <= limit else {
            throw FormatProblem(place: "its header", expected: "at most \(limit) bytes", got: "\(length)")
        }
        return prefix + Int(length)
    }
}
