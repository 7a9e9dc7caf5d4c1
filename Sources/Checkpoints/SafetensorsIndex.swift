internal import Systems

/// `model.safetensors.index.json`: which file of a sharded model holds which tensor.
package struct SafetensorsIndex: Hashable, Sendable {
    package var path: String
    /// Tensor name → file name, in the index's own folder.
    package var weightMap: [String: String]

    /// Throws when the file cannot be read or is no index.
    package init(path: String) throws(CheckpointError) {
        self.path = path
        do {
            let file = try RegularFile(path, staysOpen: false)
            guard file.byteCount <= SafetensorsHeader.maximumByteCount else {
                throw FormatProblem(
                    place: "its size", expected: "at most \(SafetensorsHeader.maximumByteCount) bytes",
                    got: "\(file.byteCount)")
            }
            weightMap = try Self.parse(file.bytes(0..<file.byteCount))
            guard files.count <= Self.maximumFileCount else {
                throw FormatProblem(
                    place: "weight_map", expected: "at most \(Self.maximumFileCount) files", got: "\(files.count)")
            }
        } catch {
            throw CheckpointError.reading(path, error)
        }
    }

    /// The files named, each once, in alphabetical order.
    package var files: [String] { Set(weightMap.values).sorted() }

    private static let maximumFileCount = 10_000
    private static let maximumTensorCount = 1 << 20

    private static func parse(_ bytes: [UInt8]) throws(FormatProblem) -> [String: String] {
        var weightMap: [String: String]?
        var scanner = JSONScanner(bytes)
        try scanner.object { (scanner: inout JSONScanner, key: String) throws(FormatProblem) in
            if key == "weight_map" {
                weightMap = try SafetensorsHeader.strings(&scanner, limit: maximumTensorCount, of: "tensors")
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
