/// One tensor of a family's files, and which rows of which parameters it holds.
package struct FamilyTensor: Hashable, Sendable {
    /// What an export calls it.
    package var name: String
    /// What files may call it too.
    package var aliases: [String]
    /// As the files store it.
    package var shape: [Int]
    /// Stored as [in, out]: rows are its columns.
    package var isTransposed: Bool
    package var pieces: [Piece]

    /// Rows of a parameter that stand in the tensor.
    package struct Piece: Hashable, Sendable {
        /// The parameter's place in the map.
        package var parameter: Int
        /// The first row of the parameter.
        package var firstRow: Int
        /// Where they stand.
        package var part: StoredParameter.Part
    }

    /// Its rows, as parts count them: columns where it is transposed, elements of a vector.
    package var rowCount: Int { isTransposed ? shape.last ?? 1 : shape.first ?? 1 }

    /// All names that files may give it, the first choice first.
    package var names: [String] { [name] + aliases }
}

extension TensorMap {
    /// The tensors that the family's files hold, in the order in which parameters mention them. `copies` are not among them.
    package var storedTensors: [FamilyTensor] {
        var tensors: [FamilyTensor] = []
        var indices: [String: Int] = [:]
        var seen: Set<[StoredParameter.Part]> = []
        for (number, parameter) in parameters.enumerated() where seen.insert(parameter.parts).inserted {
            var firstRow = 0
            for part in parameter.parts {
                let index = indices[part.tensor] ?? tensors.count
                if index == tensors.count {
                    indices[part.tensor] = index
                    tensors.append(FamilyTensor(part, of: parameter))
                }
                tensors[index].add(.init(parameter: number, firstRow: firstRow, part: part))
                firstRow += part.count
            }
        }
        return tensors
    }
}

extension FamilyTensor {
    /// A tensor without rows yet.
    fileprivate init(_ part: StoredParameter.Part, of parameter: StoredParameter) {
        name = part.tensor
        aliases = part.aliases
        isTransposed = part.isTransposed
        let row = Array(parameter.shape.dropFirst())
        shape = part.isTransposed ? row + [0] : parameter.shape.isEmpty ? [] : [0] + row
        pieces = []
    }

    fileprivate mutating func add(_ piece: Piece) {
        pieces.append(piece)
        guard piece.part.count > 0, !shape.isEmpty else { return }
        let axis = isTransposed ? shape.count - 1 : 0
        shape[axis] = max(shape[axis], piece.part.lastRow + 1)
    }
}
