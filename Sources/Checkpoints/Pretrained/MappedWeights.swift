internal import Tensors

/// A pretrained model's files that were found to hold all of a model's parameters.
///
/// Parameters are copied by whoever needs them, from any thread: nothing but the bytes of their parts is read.
package struct MappedWeights: Sendable {
    package let weights: PretrainedWeights
    package let map: TensorMap
    /// The family's name → the files' tensor.
    let tensorOf: [String: PretrainedTensor]
    private let indices: [String: Int]

    init(weights: PretrainedWeights, map: TensorMap, tensorOf: [String: PretrainedTensor]) {
        self.weights = weights
        self.map = map
        self.tensorOf = tensorOf
        indices = Dictionary(map.parameters.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// By the model's name.
    package subscript(parameter: String) -> StoredParameter? { indices[parameter].map { map.parameters[$0] } }

    /// Writes a parameter's elements as f32. Beside `out` it takes a mebibyte at most.
    /// - Throws: where it is none of the map's, values are not finite, or reading fails.
    package func copy(
        _ parameter: StoredParameter, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        try copy(parameter, rows: 0..<(parameter.shape.first ?? 1), into: out)
    }

    /// Writes some rows of a parameter as f32.
    package func copy(
        _ parameter: StoredParameter, rows: Range<Int>, into out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) {
        var notFinite: [NotFiniteTensor] = []
        try forEachPart(of: parameter, rows: rows, into: out) { (tensor, slice) in
            let count = countNotFinite(UnsafeRawBufferPointer(slice), of: .f32)
            guard count > 0 else { return }
            notFinite.append(NotFiniteTensor(name: tensor.name, count: count, elements: slice.count))
        }
        if !notFinite.isEmpty { throw .notFinite(path: weights.path, notFinite) }
    }

    /// Throws an error that lists every tensor behind these parameters that holds values which are not finite as f32; all of
    /// the map's unless given. Reads each tensor once.
    package func checkFinite(_ parameters: [StoredParameter]? = nil) throws(CheckpointError) {
        var seen: Set<String> = []
        var found: [NotFiniteTensor] = []
        for part in (parameters ?? map.parameters).flatMap(\.parts) where seen.insert(part.tensor).inserted {
            guard let tensor = tensorOf[part.tensor] else { continue }
            let count = try tensor.rows.floats.countNotFinite(of: tensor.shape.count)
            guard count > 0 else { continue }
            found.append(NotFiniteTensor(name: tensor.name, count: count, elements: tensor.shape.count))
        }
        if !found.isEmpty { throw .notFinite(path: weights.path, found) }
    }

    /// What the files store a tensor of the family's as: what an export of the same model writes.
    package func encoding(of tensor: String) -> StoredEncoding? { tensorOf[tensor]?.encoding }

    /// Fills `out` part by part, and shows each with the tensor it came from.
    private func forEachPart(
        of parameter: StoredParameter, rows: Range<Int>, into out: UnsafeMutableBufferPointer<Float>,
        _ body: (PretrainedTensor, UnsafeMutableBufferPointer<Float>) -> Void
    ) throws(CheckpointError) {
        guard let length = CheckedExtents.count(parameter.shape.dropFirst()),
            CheckedExtents.count([rows.count, length]) == out.count
        else { throw misfit(parameter, "\(out.count) elements to fill") }
        var (first, filled) = (0, 0)
        for part in parameter.parts {
            let own = rows.clamped(to: first..<first + part.count)
            defer { first += part.count }
            guard !own.isEmpty else { continue }
            let wanted = part.rows(own.lowerBound - first..<own.upperBound - first)
            guard let tensor = tensorOf[part.tensor], tensor.rows.has(wanted, length: length) else {
                throw misfit(parameter, "\(part.tensor) without rows \(part.rows)")
            }
            let slice = UnsafeMutableBufferPointer(rebasing: out[filled..<filled + own.count * length])
            try tensor.rows.read(wanted, length: length, into: slice)
            body(tensor, slice)
            filled += slice.count
        }
        guard filled == out.count else { throw misfit(parameter, "\(filled) elements") }
    }

    private func misfit(_ parameter: StoredParameter, _ got: String) -> CheckpointError {
        .malformed(
            path: weights.path, place: "parameter \(quoted(parameter.name))", expected: "shape \(parameter.shape)",
            got: got)
    }
}

extension FloatReader {
    /// How many of the tensor's elements are not finite as f32.
    func countNotFinite(of count: Int) throws(CheckpointError) -> Int {
        let most = 1 << 17
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(most, count))
        defer { values.deallocate() }
        var found = 0
        for start in stride(from: 0, to: count, by: most) {
            let slice = UnsafeMutableBufferPointer(rebasing: values[..<min(most, count - start)])
            try read(start..<start + slice.count, into: slice)
            found += Checkpoints.countNotFinite(UnsafeRawBufferPointer(slice), of: .f32)
        }
        return found
    }
}
