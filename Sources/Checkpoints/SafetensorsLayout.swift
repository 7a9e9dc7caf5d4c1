package import Tensors

/// Where everything goes in a safetensors file that is yet to be written.
///
/// Depends on the tensors and the metadata alone, not on their order, so that processes which know the same tensors
/// agree on every byte's place. The same as what the format's own implementation writes: tensors by descending element
/// type, then by name; the header padded with spaces to a multiple of eight bytes.
package struct SafetensorsLayout: Hashable, Sendable {
    /// In the order of their bytes in the file.
    package let tensors: [StoredTensor]
    /// The header's length in eight bytes, then the header.
    package let header: [UInt8]
    package let dataByteCount: Int
    private let indices: [String: Int]

    /// Throws when a name occurs twice or is reserved, a tensor has more than 8 axes, or sizes overflow.
    package init(
        _ tensors: [(name: String, spec: TensorSpec)], metadata: [String: String] = ["format": "pt"]
    ) throws(CheckpointError) {
        guard tensors.count <= SafetensorsHeader.maximumTensorCount else {
            throw Self.problem("all", "at most \(SafetensorsHeader.maximumTensorCount) tensors", "\(tensors.count)")
        }
        var placed: [StoredTensor] = []
        var indices: [String: Int] = [:]
        var end = 0
        for (name, spec) in Self.inFileOrder(tensors) {
            let range = end..<(try Self.end(of: name, spec, after: end))
            guard name != "__metadata__", indices.updateValue(placed.count, forKey: name) == nil else {
                throw Self.problem(name, "a name of its own", "one that is taken")
            }
            placed.append(StoredTensor(name: name, type: StoredType(spec.dtype), shape: spec.shape, range: range))
            end = range.upperBound
        }
        let header = SafetensorsHeaderText.encode(placed, metadata)
        guard header.count <= SafetensorsHeader.maximumByteCount else {
            throw Self.problem(
                "all", "a header of at most \(SafetensorsHeader.maximumByteCount) bytes", "\(header.count)")
        }
        self.header = header
        self.tensors = placed
        self.indices = indices
        dataByteCount = end
    }

    package var fileByteCount: Int { header.count + dataByteCount }

    package subscript(name: String) -> StoredTensor? { indices[name].map { tensors[$0] } }

    /// The byte of the file at which a tensor begins.
    func offset(of tensor: StoredTensor) -> Int { header.count + tensor.range.lowerBound }

    private static func inFileOrder(_ tensors: [(name: String, spec: TensorSpec)]) -> [(name: String, spec: TensorSpec)]
    {
        let ranks = Dictionary(uniqueKeysWithValues: StoredType.allCases.enumerated().map { ($1, $0) })
        return tensors.sorted { a, b in
            let (rankA, rankB) = (ranks[StoredType(a.spec.dtype)] ?? 0, ranks[StoredType(b.spec.dtype)] ?? 0)
            return rankA != rankB ? rankA > rankB : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
    }

    private static func end(of name: String, _ spec: TensorSpec, after start: Int) throws(CheckpointError) -> Int {
        guard spec.shape.rank <= CheckedExtents.maximumRank else {
            throw problem(name, "at most \(CheckedExtents.maximumRank) axes", "\(spec.shape.rank)")
        }
        guard let bytes = CheckedExtents.byteCount(spec.shape.extents, StoredType(spec.dtype)) else {
            throw problem(name, "less than 2^63 bytes", "\(spec)")
        }
        // The header, at most 10^8 bytes, comes on top.
        let (end, overflow) = start.addingReportingOverflow(bytes)
        guard !overflow, end <= Int.max - 2 * SafetensorsHeader.maximumByteCount else {
            throw problem(name, "less than 2^63 bytes in all", "\(spec) behind \(start) bytes")
        }
        return end
    }

    private static func problem(_ name: String, _ expected: String, _ got: String) -> CheckpointError {
        .malformed(path: "safetensors layout", place: "tensor \(quoted(name))", expected: expected, got: got)
    }
}
