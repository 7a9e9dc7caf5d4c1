internal import Tensors

/// The JSON header of a safetensors file, validated.
struct SafetensorsHeader: Hashable {
    static let maximumByteCount = 100_000_000
    static let prefixByteCount = 8
    /// A file's tensors; the largest published models have some 1,000 in each.
    static let maximumTensorCount = 1 << 18
    static let maximumMetadataCount = 1 << 16
    /// Numbers of a shape or of offsets that are read before they are judged.
    private static let maximumListCount = 64

    var metadata: [String: String] = [:]
    /// In the order of their bytes in the file.
    var tensors: [StoredTensor] = []

    /// Throws unless the header is well formed and its tensors cover `dataByteCount` bytes without hole or overlap.
    init(_ json: [UInt8], dataByteCount: Int) throws(FormatProblem) {
        guard json.first == UInt8(ascii: "{") else {
            throw FormatProblem(
                place: "its header", expected: "\"{\" first", got: json.first.map { "byte \($0)" } ?? "nothing")
        }
        var scanner = JSONScanner(json)
        var metadata: [String: String] = [:]
        var tensors: [StoredTensor] = []
        try scanner.object(limit: Self.maximumTensorCount + 1, of: "tensors") {
            (scanner: inout JSONScanner, key: String) throws(FormatProblem) in
            if key == "__metadata__" {
                // The format's own implementation reads null as none.
                if scanner.takeNull() { return }
                metadata = try Self.strings(&scanner, limit: Self.maximumMetadataCount, of: "entries of metadata")
            } else {
                tensors.append(try Self.tensor(key, &scanner))
            }
        }
        try scanner.end()
        self.metadata = metadata
        self.tensors = try Self.inFileOrder(tensors, dataByteCount)
    }

    /// An object of strings.
    static func strings(
        _ scanner: inout JSONScanner, limit: Int, of what: String
    ) throws(FormatProblem) -> [String: String] {
        var strings: [String: String] = [:]
        try scanner.object(limit: limit, of: what) {
            (scanner: inout JSONScanner, key: String) throws(FormatProblem) in
            strings[key] = try scanner.string()
        }
        return strings
    }

    private static func tensor(_ name: String, _ scanner: inout JSONScanner) throws(FormatProblem) -> StoredTensor {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { (scanner: inout JSONScanner, key: String) throws(FormatProblem) in
            switch key {
            case "dtype": type = try scanner.string()
            case "shape": shape = try integers(&scanner)
            case "data_offsets": offsets = try integers(&scanner)
            default: throw scanner.problem("dtype, shape or data_offsets", quoted(key))
            }
        }
        let place = "tensor \(quoted(name))"
        guard let type, let shape, let offsets else {
            throw FormatProblem(place: place, expected: "dtype, shape and data_offsets", got: "fewer")
        }
        return try validated(name, type, shape, offsets, place)
    }

    private static func integers(_ scanner: inout JSONScanner) throws(FormatProblem) -> [Int] {
        var values: [Int] = []
        try scanner.array { (scanner: inout JSONScanner) throws(FormatProblem) in
            guard values.count < maximumListCount else {
                throw scanner.problem("at most \(maximumListCount) numbers", "more")
            }
            values.append(try scanner.integer())
        }
        return values
    }

    private static func validated(
        _ name: String, _ typeName: String, _ extents: [Int], _ offsets: [Int], _ place: String
    ) throws(FormatProblem) -> StoredTensor {
        guard let type = StoredType(rawValue: typeName) else {
            let known = StoredType.allCases.map(\.rawValue).joined(separator: ", ")
            throw FormatProblem(place: place, expected: "a dtype of \(known)", got: quoted(typeName))
        }
        guard extents.count <= CheckedExtents.maximumRank else {
            throw FormatProblem(
                place: place, expected: "at most \(CheckedExtents.maximumRank) axes", got: "\(extents.count)")
        }
        guard let bytes = CheckedExtents.byteCount(extents, type) else {
            throw FormatProblem(place: place, expected: "less than 2^63 bytes", got: "shape \(extents) of \(typeName)")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] - offsets[0] == bytes else {
            throw FormatProblem(
                place: place, expected: "data_offsets that span the \(bytes) bytes of \(typeName) \(extents)",
                got: "\(offsets.prefix(8))")
        }
        return StoredTensor(name: name, type: type, shape: Shape(extents), range: offsets[0]..<offsets[1])
    }

    private static func inFileOrder(
        _ tensors: [StoredTensor], _ dataByteCount: Int
    ) throws(FormatProblem) -> [StoredTensor] {
        let sorted = tensors.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = 0
        for tensor in sorted {
            guard tensor.range.lowerBound == end else {
                throw FormatProblem(
                    place: "tensor \(quoted(tensor.name))",
                    expected: "its bytes to begin at \(end), without hole or overlap",
                    got: "\(tensor.range.lowerBound)")
            }
            end = tensor.range.upperBound
        }
        guard end == dataByteCount else {
            let advice = dataByteCount < end ? ": the file was cut short; copy or download it again" : ""
            throw FormatProblem(
                place: "its data", expected: "\(end) bytes behind the header", got: "\(dataByteCount)\(advice)")
        }
        return sorted
    }
}
