extension TensorMap {
    /// What is wrong with the map itself, whatever the files hold: parts that do not fill their parameter, tensors of which
    /// not every row is used once, names that mean two tensors. Empty for every map that a family makes; its tests see to it.
    ///
    /// Takes memory for each row of the largest tensor.
    package var problems: [String] {
        let tensors = storedTensors
        return parameters.flatMap(Self.problems) + repeated(parameters.map(\.name)).map { "\($0): two parameters" }
            + tensors.flatMap(problems) + problems(ofNames: tensors)
    }

    private static func problems(of parameter: StoredParameter) -> [String] {
        var found: [String] = []
        for part in parameter.parts {
            if part.stride < 1 || part.rows.lowerBound < 0 {
                found.append("\(parameter.name): rows \(part.rows) by \(part.stride) of \(part.tensor)")
            }
            if part.isTransposed, parameter.shape.count != 2 {
                found.append("\(parameter.name): \(part.tensor) is transposed and no matrix")
            }
        }
        let rows = parameter.parts.reduce(0) { $0 + $1.count }
        let expected = parameter.shape.first ?? 1
        return found + (rows == expected ? [] : ["\(parameter.name): its parts have \(rows) rows, not \(expected)"])
    }

    private func problems(of tensor: FamilyTensor) -> [String] {
        guard tensor.rowCount <= 1 << 28,
            tensor.pieces.allSatisfy({ $0.part.stride > 0 && $0.part.rows.lowerBound >= 0 })
        else { return ["\(tensor.name): \(tensor.rowCount) rows"] }
        var found: [String] = []
        var uses = [UInt8](repeating: 0, count: tensor.rowCount)
        for piece in tensor.pieces {
            let (part, parameter) = (piece.part, parameters[piece.parameter])
            let row = Array(parameter.shape.dropFirst())
            let own = tensor.isTransposed ? Array(tensor.shape.dropLast()) : Array(tensor.shape.dropFirst())
            if row != own || part.isTransposed != tensor.isTransposed {
                found.append("\(tensor.name): rows of shape \(own), those of \(parameter.name) have \(row)")
            }
            if part.aliases != tensor.aliases { found.append("\(tensor.name): other aliases in \(parameter.name)") }
            for row in stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: part.stride) where uses[row] < 2
            {
                uses[row] += 1
            }
        }
        for (count, what) in [(0, "in no parameter"), (2, "in more than one place")] {
            if let row = uses.firstIndex(of: UInt8(count)) { found.append("\(tensor.name): row \(row) stands \(what)") }
        }
        return found
    }

    private func problems(ofNames tensors: [FamilyTensor]) -> [String] {
        let known = Set(tensors.map(\.name))
        let lost = copies.sorted { $0.key < $1.key }.filter { !known.contains($0.value) || known.contains($0.key) }
        let spellings = tensors.flatMap {
            Set($0.names).union(copyNames(of: $0.name)).map { Spellings($0, prefixes).base }
        }
        return lost.map { "\($0.key): a copy of \($0.value)" } + repeated(spellings).map { "\($0): names two tensors" }
    }

    private func repeated(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { !seen.insert($0).inserted }
    }

    /// Under which names an export writes a tensor again.
    func copyNames(of tensor: String) -> [String] { copies.filter { $0.value == tensor }.map(\.key).sorted() }
}
