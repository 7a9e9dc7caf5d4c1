import Checkpoints
import Systems
import Tensors

/// Tensors of a family's files, with their values in the files' order.
struct FamilyFiles {
    var tensors: [(name: String, spec: TensorSpec, values: [Float])] = []

    /// Values that the type holds exactly, each another one as far as it goes.
    mutating func add(_ name: String, _ shape: Shape, _ dtype: DType, _ random: inout SplitMix64) {
        let values = (0..<shape.count).map { _ in Float(Int.random(in: -255...255, using: &random)) / 64 }
        tensors.append((name, TensorSpec(shape, dtype), values))
    }

    /// Writes them under these names, in order.
    func write(to folder: String, shardByteCount: Int = .max) throws {
        let shards = try SafetensorsShards(
            tensors.map { ($0.name, $0.spec) }, folder: folder, shardByteCount: shardByteCount)
        try shards.write { (index, append) throws(CheckpointError) in
            let bytes = bytes(of: index)
            let half = bytes.count / 2
            for piece in [bytes[..<half], bytes[half...]] where !piece.isEmpty {
                let piece = Array(piece)
                let pointer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
                defer { pointer.deallocate() }
                pointer.copyBytes(from: piece)
                try append(UnsafeRawBufferPointer(pointer))
            }
        }
    }

    func bytes(of index: Int) -> [UInt8] {
        let (_, spec, values) = tensors[index]
        return values.flatMap { value -> [UInt8] in
            switch spec.dtype {
            case .bf16: withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { Array($0) }
            case .f16: withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { Array($0) }
            default: withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
            }
        }
    }

    /// A parameter, element by element, as the map's words say.
    func values(of parameter: StoredParameter) -> [Float] {
        let length = parameter.shape.dropFirst().reduce(1, *)
        return parameter.parts.flatMap { part -> [Float] in
            let tensor = tensors.first { $0.name == part.tensor }
            guard let (_, spec, values) = tensor else { return [] }
            return stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: part.stride).flatMap { row in
                (0..<length).map { part.isTransposed ? values[$0 * spec.shape.width + row] : values[row * length + $0] }
            }
        }
    }
}

extension MappedWeights {
    func floats(_ parameter: StoredParameter) throws -> [Float] {
        var values = [Float](repeating: .nan, count: parameter.shape.reduce(1, *))
        try values.withUnsafeMutableBufferPointer { try copy(parameter, into: $0) }
        return values
    }
}
