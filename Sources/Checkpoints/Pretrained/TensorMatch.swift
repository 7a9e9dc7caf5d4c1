internal import Tensors

/// Which tensor of the files is which of the family's, and what does not fit.
struct TensorMatch {
    /// The family's name → the tensor that is read.
    private(set) var tensorOf: [String: PretrainedTensor] = [:]
    private(set) var mismatches: [TensorMismatch] = []
    /// The files' names that mean something.
    private var known: Set<String> = []

    init(_ weights: PretrainedWeights, _ map: TensorMap) {
        let copies = Dictionary(grouping: map.copies.keys.sorted()) { map.copies[$0] ?? "" }
        for tensor in map.storedTensors {
            match(tensor, tensor.names + (copies[tensor.name] ?? []), weights, map.prefixes)
        }
    }

    private mutating func match(
        _ tensor: FamilyTensor, _ names: [String], _ weights: PretrainedWeights, _ prefixes: [String]
    ) {
        let expected = TensorSpec(Shape(tensor.shape))
        for name in names {
            let found = Spellings(name, prefixes).all.compactMap { weights[$0] }.filter { !known.contains($0.name) }
            for stored in found {
                known.insert(stored.name)
                guard stored.shape != expected.shape || !stored.encoding.isFloatingPoint else { continue }
                mismatches.append(
                    .different(name: stored.name, expected: expected, type: stored.encoding, shape: stored.shape))
            }
            if found.count > 1 { mismatches.append(.repeated(name: name, spellings: found.map(\.name))) }
            if tensorOf[tensor.name] == nil { tensorOf[tensor.name] = found.first }
        }
        if tensorOf[tensor.name] == nil { mismatches.append(.missing(name: tensor.name, expected: expected)) }
    }

    /// What else the files hold, but for buffers whose names end like `ignored`.
    mutating func addExtras(of weights: PretrainedWeights, ignoring ignored: [String]) {
        for tensor in weights.tensors where !known.contains(tensor.name) {
            let name = tensor.name.utf8
            if ignored.contains(where: {
                name.count >= $0.utf8.count && name.suffix($0.utf8.count).elementsEqual($0.utf8)
            }) {
                continue
            }
            mismatches.append(.extra(name: tensor.name, type: tensor.encoding, shape: tensor.shape))
        }
    }
}
