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
            files = try Self.shards(of: SafetensorsIndex(path: file))
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
                mismatches.append(.different(name: name, expected: spec, type: stored.type, shape: stored.shape))
            }
        }
        for tensor in tensors where !known.contains(tensor.name) {
            mismatches.append(.extra(name: tensor.name, type: tensor.type, shape: tensor.shape))
        }
        if !mismatches.isEmpty { throw .mismatch(path: path, mismatches) }
    }

    /// Writes a floating-point tensor's elements as f32. Throws when there is none of that name and count.
    package func copyFloats(_ name: String, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        let expected = TensorSpec([out.count], .f32)
        guard let stored = self[name] else { throw .mismatch(path: path, [.missing(name: name, expected: expected)]) }
        guard stored.shape.count == out.count, stored.type.isFloatingPoint else {
            throw .mismatch(
                path: path, [.different(name: name, expected: expected, type: stored.type, shape: stored.shape)])
        }
        if stored.type == .f32 {
            try read(stored, at: 0, into: UnsafeMutableRawBufferPointer(out))
        } else {
            let size = stored.type.size
            try forEachChunk(of: stored) { (start, bytes) throws(CheckpointError) in
                let part = out[start / size..<(start + bytes.count) / size]
                convertToFloats(bytes, of: stored.type, into: UnsafeMutableBufferPointer(rebasing: part))
            }
        }
        let count = countNotFinite(UnsafeRawBufferPointer(out), of: .f32)
        guard count == 0 else {
            throw .notFinite(path: path, [NotFiniteTensor(name: name, count: count, elements: out.count)])
        }
    }

    /// Throws an error that lists every tensor of these names that holds values which are not finite as f32. Reads each
    /// once, at some GB/s.
    package func checkFinite(_ names: [String]) throws(CheckpointError) {
        var found: [NotFiniteTensor] = []
        for name in names {
            guard let stored = self[name], stored.type.isFloatingPoint else { continue }
            var count = 0
            try forEachChunk(of: stored) { (_, bytes) throws(CheckpointError) in
                count += countNotFinite(bytes, of: stored.type)
            }
            if count > 0 { found.append(NotFiniteTensor(name: name, count: count, elements: stored.shape.count)) }
        }
        if !found.isEmpty { throw .notFinite(path: path, found) }
    }

    /// Lends a tensor's bytes, aligned, a mebibyte at a time, with where in the tensor they begin.
    private func forEachChunk(
        of tensor: StoredTensor, _ body: (Int, UnsafeRawBufferPointer) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(1 << 20, tensor.range.count), alignment: 64)
        defer { chunk.deallocate() }
        var start = 0
        while start < tensor.range.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(chunk.count, tensor.range.count - start)])
            try read(tensor, at: start, into: part)
            try body(start, UnsafeRawBufferPointer(part))
            start += part.count
        }
    }

    private func read(
        _ tensor: StoredTensor, at offset: Int, into out: UnsafeMutableRawBufferPointer
    ) throws(CheckpointError) {
        guard let file = fileOf[tensor.name] else { preconditionFailure("\(tensor.name) is in none of the files") }
        try files[file].read(tensor, at: offset, into: out)
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

    private static func shards(
        of index: SafetensorsIndex
    ) throws(CheckpointError) -> [SafetensorsFile] {
        let folder = WeightsPath.folder(of: index.path)
        let names = index.files
        var files: [SafetensorsFile] = []
        var found: Set<String> = []
        for name in names {
            let file = try SafetensorsFile(path: folder + name)
            files.append(file)
            for tensor in file.tensors {
                guard index.weightMap[tensor.name] == name else {
                    throw .malformed(
                        path: index.path, place: "weight_map, \(quoted(tensor.name))", expected: quoted(name),
                        got: index.weightMap[tensor.name].map(quoted) ?? "nothing")
                }
                found.insert(tensor.name)
            }
        }
        for (name, file) in index.weightMap.sorted(by: { $0.key < $1.key }) where !found.contains(name) {
            throw .malformed(
                path: folder + file, place: "its tensors", expected: "\(quoted(name)), as \(index.path) says",
                got: "no such tensor")
        }
        return files
    }
}
