/// A safetensors file, mapped: only the tensors that are read come into memory.
public final class SafetensorsFile: Sendable {
    public let path: String
    public let metadata: [String: String]
    /// In the order of their bytes in the file.
    public let tensors: [StoredTensor]
    private let indices: [String: Int]
    private let mapping: FileMapping
    private let dataStart: Int

    /// Maps a file and validates its whole header. Throws when it cannot be read or breaks the format.
    public init(path: String) throws(CheckpointError) {
        mapping = try FileMapping(path: path)
        self.path = path
        let header: SafetensorsHeader
        do throws(FormatProblem) {
            dataStart = try Self.dataStart(mapping.bytes)
            header = try SafetensorsHeader(
                Array(mapping.bytes[SafetensorsHeader.prefixByteCount..<dataStart]),
                dataByteCount: mapping.bytes.count - dataStart)
        } catch {
            throw CheckpointError(error, in: path)
        }
        metadata = header.metadata
        tensors = header.tensors
        var indices: [String: Int] = [:]
        for (i, tensor) in header.tensors.enumerated() { indices[tensor.name] = i }
        self.indices = indices
    }

    public subscript(name: String) -> StoredTensor? { indices[name].map { tensors[$0] } }

    /// Lends a tensor's bytes, row-major and little-endian, at any alignment; nil when there is no such tensor.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result?
    {
        guard let tensor = self[name] else { return nil }
        let range = dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound
        return try withExtendedLifetime(mapping) { try body(UnsafeRawBufferPointer(rebasing: mapping.bytes[range])) }
    }

    /// Where the data begins: behind the header and the eight bytes that hold its length.
    private static func dataStart(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) -> Int {
        let prefix = SafetensorsHeader.prefixByteCount
        guard bytes.count >= prefix else {
            throw FormatProblem(place: "its header", expected: "at least \(prefix) bytes", got: "\(bytes.count)")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        let limit = min(SafetensorsHeader.maximumByteCount, bytes.count - prefix)
        guard length <= limit else {
            throw FormatProblem(place: "its header", expected: "at most \(limit) bytes", got: "\(length)")
        }
        return prefix + Int(length)
    }
}
