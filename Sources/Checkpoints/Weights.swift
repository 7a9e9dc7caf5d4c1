package import Tensors

/// A model's weights on disk: one safetensors file, or the shards of an index.
package struct Weights: Sendable {
    /// As the user gave it.
    package let path: String
    package let files: [SafetensorsFile]
    /// What every name in the files begins with and the model's names do not: what wraps a model gives its state dict
    /// such names (`torch.compile`, `DataParallel`, a module's attribute).
    package let prefix: String
    /// By the name without prefix.
    private let fileOf: [String: Int]

    /// Opens a `.safetensors` file, an index (`.json`), or a folder that holds `model.safetensors` or
    /// `model.safetensors.index.json`. Throws when there is neither, or one of the files is damaged.
    package init(path: String) throws(CheckpointError) {
        self.path = path
        let file = try WeightsPath.resolve(path)
        if file.hasSuffix(".json") {
            files = try SafetensorsIndex(path: file).open()
        } else {
            files = [try SafetensorsFile(path: file)]
        }
        let names = files.flatMap { $0.tensors.map(\.name) }
        let prefix = Self.sharedPrefix(of: names)
        var fileOf: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for tensor in file.tensors { fileOf[Self.name(of: tensor, behind: prefix)] = index }
        }
        self.prefix = prefix
        self.fileOf = fileOf
    }

    /// All tensors by their names without prefix, in the order of their bytes, file after file.
    package var tensors: [StoredTensor] {
        files.flatMap(\.tensors).map { tensor in
            var tensor = tensor
            tensor.name = Self.name(of: tensor, behind: prefix)
            return tensor
        }
    }

    package subscript(name: String) -> StoredTensor? {
        guard let file = fileOf[name], var tensor = files[file][prefix + name] else { return nil }
        tensor.name = name
        return tensor
    }

    /// Throws an error that lists every missing, superfluous and different tensor. Floating-point types may differ, as
    /// loading converts them.
    package func check(_ expected: [(name: String, spec: TensorSpec)]) throws(CheckpointError) {
        var mismatches: [TensorMismatch] = []
        var known: Set<String> = []
        for (name, spec) in expected {
            known.insert(name)
            guard let stored = self[name] else {
                mismatches.append(.missing(name: name, expected: spec))
                continue
            }
            if stored.shape != spec.shape || !stored.type.fits(spec.dtype) {
                mismatches.append(
                    .different(name: name, expected: spec, type: .plain(stored.type), shape: stored.shape))
            }
        }
        for tensor in tensors where !known.contains(tensor.name) {
            mismatches.append(.extra(name: tensor.name, type: .plain(tensor.type), shape: tensor.shape))
        }
        if !mismatches.isEmpty { throw .mismatch(path: path, mismatches) }
    }

    /// Writes a floating-point tensor's elements as f32. Throws when there is none of that name and count.
    package func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        let expected = TensorSpec([out.count], .f32)
        guard let stored = self[name] else { throw .mismatch(path: path, [.missing(name: name, expected: expected)]) }
        guard stored.shape.count == out.count, stored.type.isFloatingPoint else {
            throw .mismatch(
                path: path, [.different(name: name, expected: expected, type: .plain(stored.type), shape: stored.shape)]
            )
        }
        try copyFloats(name, 0..<out.count, into: out)
    }

    /// Throws an error that lists every tensor of these names that holds values which are not finite as f32. Reads each
    /// once, at some GB/s.
    package func checkFinite(_ names: [String]) throws(CheckpointError) {
        var found: [NotFiniteTensor] = []
        for name in names {
            guard let stored = self[name], stored.type.isFloatingPoint else { continue }
            var count = 0
            try bytes(of: stored).forEachChunk(block: stored.type.size) { (_, bytes) throws(CheckpointError) in
                count += countNotFinite(bytes, of: stored.type)
            }
            if count > 0 { found.append(NotFiniteTensor(name: name, count: count, elements: stored.shape.count)) }
        }
        if !found.isEmpty { throw .notFinite(path: path, found) }
    }

    /// Writes some elements of a floating-point tensor, counted in row-major order, as f32. Throws when there is no such
    /// tensor, or it has fewer.
    package func copyFloats(
        _ name: String, _ elements: Range<Int>, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        precondition(elements.count == out.count, "\(elements.count) elements into \(out.count)")
        let expected = TensorSpec([elements.upperBound], .f32)
        guard let stored = self[name] else { throw .mismatch(path: path, [.missing(name: name, expected: expected)]) }
        guard stored.shape.count >= elements.upperBound, elements.lowerBound >= 0, stored.type.isFloatingPoint else {
            throw .mismatch(
                path: path,
                [.different(name: name, expected: expected, type: .plain(stored.type), shape: stored.shape)])
        }
        try floats(of: stored).read(elements, into: out)
        let count = countNotFinite(UnsafeRawBufferPointer(out), of: .f32)
        guard count == 0 else {
            throw .notFinite(path: path, [NotFiniteTensor(name: name, count: count, elements: out.count)])
        }
    }

    private func bytes(of tensor: StoredTensor) -> TensorBytes {
        guard let file = fileOf[tensor.name] else { preconditionFailure("\(tensor.name) is in none of the files") }
        return files[file].place(of: tensor)
    }

    private func floats(of tensor: StoredTensor) -> FloatReader {
        FloatReader(bytes: bytes(of: tensor), encoding: .plain(tensor.type))
    }

    private static let wrappers = ["_orig_mod.", "module.", "model."]

    private static func name(of tensor: StoredTensor, behind prefix: String) -> String {
        String(decoding: tensor.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    private static func sharedPrefix(of names: [String]) -> String {
        var prefix = ""
        while let wrapper = wrappers.first(where: { wrapper in
            !names.isEmpty && names.allSatisfy { $0.utf8.starts(with: (prefix + wrapper).utf8) }
        }) {
            prefix += wrapper
        }
        return prefix
    }
}
