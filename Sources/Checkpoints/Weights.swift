public import Tensors

/// A model's weights on disk: one safetensors file, or the shards of an index.
public struct Weights: Sendable {
    /// As the user gave it.
    public let path: String
    public let files: [SafetensorsFile]
    private let fileOf: [String: Int]

    /// Opens a `.safetensors` file, an index (`.json`), or a folder that holds `model.safetensors` or
    /// `model.safetensors.index.json`. Throws when there is neither, or one of the files is damaged.
    public init(path: String) throws(CheckpointError) {
        self.path = path
        let file = try WeightsPath.resolve(path)
        guard file.hasSuffix(".json") else {
            files = [try SafetensorsFile(path: file)]
            fileOf = Dictionary(uniqueKeysWithValues: files[0].tensors.map { ($0.name, 0) })
            return
        }
        (files, fileOf) = try Self.shards(of: SafetensorsIndex(path: file))
    }

    /// All tensors, in the order of their bytes, file after file.
    public var tensors: [StoredTensor] { files.flatMap(\.tensors) }

    public subscript(name: String) -> StoredTensor? { fileOf[name].flatMap { files[$0][name] } }

    /// Lends a tensor's bytes, row-major and little-endian, at any alignment; nil when there is no such tensor.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result?
    {
        guard let file = fileOf[name] else { return nil }
        return try files[file].withBytes(of: name, body)
    }

    /// Throws an error that lists every missing, superfluous and different tensor. Floating-point types may differ, as
    /// loading converts them.
    public func check(_ expected: [(name: String, spec: TensorSpec)]) throws(CheckpointError) {
        var mismatches: [TensorMismatch] = []
        var known: Set<String> = []
        for (name, spec) in expected {
            known.insert(name)
            guard let stored = self[name] else {
                mismatches.append(.missing(name: name, expected: spec))
                continue
            }
            if stored.shape != spec.shape || !stored.type.fits(spec.dtype) {
                mismatches.append(.different(name: name, expected: spec, type: stored.type, shape: stored.shape))
            }
        }
        for tensor in tensors where !known.contains(tensor.name) {
            mismatches.append(.extra(name: tensor.name, type: tensor.type, shape: tensor.shape))
        }
        if !mismatches.isEmpty { throw .mismatch(path: path, mismatches) }
    }

    /// Writes a floating-point tensor's elements as f32. Throws when there is none of that name and count.
    public func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        let expected = TensorSpec([out.count], .f32)
        guard let stored = self[name] else { throw .mismatch(path: path, [.missing(name: name, expected: expected)]) }
        guard stored.shape.count == out.count, stored.type.isFloatingPoint else {
            throw .mismatch(
                path: path, [.different(name: name, expected: expected, type: stored.type, shape: stored.shape)])
        }
        withBytes(of: name) { convertToFloats($0, of: stored.type, into: out) }
    }

    private static func shards(
        of index: SafetensorsIndex
    ) throws(CheckpointError) -> ([SafetensorsFile], [String: Int]) {
        let folder = WeightsPath.folder(of: index.path)
        let names = index.files
        var files: [SafetensorsFile] = []
        var fileOf: [String: Int] = [:]
        for (i, name) in names.enumerated() {
            let file = try SafetensorsFile(path: folder + name)
            files.append(file)
            for tensor in file.tensors {
                guard index.weightMap[tensor.name] == name else {
                    throw .malformed(
                        path: index.path, place: "weight_map, \(quoted(tensor.name))", expected: quoted(name),
                        got: index.weightMap[tensor.name].map(quoted) ?? "nothing")
                }
                fileOf[tensor.name] = i
            }
        }
        for (name, file) in index.weightMap.sorted(by: { $0.key < $1.key }) where fileOf[name] == nil {
            throw .malformed(
                path: folder + file, place: "its tensors", expected: "\(quoted(name)), as \(index.path) says",
                got: "no such tensor")
        }
        return (files, fileOf)
    }
}
