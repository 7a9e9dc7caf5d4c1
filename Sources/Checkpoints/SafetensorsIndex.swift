/// `model.safetensors.index.json`: which file of a sharded model holds which tensor.
public struct SafetensorsIndex: Hashable, Sendable {
    public var path: String
    /// Tensor name → file name, in the index's own folder.
    public var weightMap: [String: String]

    /// Throws when the file cannot be read or is no index.
    public init(path: String) throws(CheckpointError) {
        self.path = path
        let mapping = try FileMapping(path: path)
        do throws(FormatProblem) {
            weightMap = try Self.parse(mapping.bytes)
        } catch {
            throw CheckpointError(error, in: path)
        }
    }

    /// The files named, each once, in alphabetical order.
    public var files: [String] { Set(weightMap.values).sorted() }

    private static func parse(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) -> [String: String] {
        guard bytes.count <= SafetensorsHeader.maximumByteCount else {
            throw FormatProblem(
                place: "its size", expected: "at most \(SafetensorsHeader.maximumByteCount) bytes",
                got: "\(bytes.count)")
        }
        var weightMap: [String: String]?
        var scanner = JSONScanner(Array(bytes))
        try scanner.object { (scanner: inout JSONScanner, key: String) throws(FormatProblem) in
            if key == "weight_map" {
                weightMap = try SafetensorsHeader.metadata(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.end()
        guard let weightMap else { throw FormatProblem(place: "its keys", expected: "weight_map", got: "no such key") }
        for (name, file) in weightMap where file.isEmpty || file.contains("/") || file.utf8.contains(0) {
            throw FormatProblem(
                place: "weight_map, \(quoted(name))", expected: "the name of a file beside the index", got: quoted(file)
            )
        }
        return weightMap
    }
}
