package import Tensors

extension TensorMap {
    /// Fills `out` with rows of a parameter, as f32.
    package typealias ReadRows = (
        _ parameter: StoredParameter, _ rows: Range<Int>, _ out: UnsafeMutableBufferPointer<Float>
    ) throws(CheckpointError) -> Void

    /// Writes a model's parameters as the family's files: under its names, in its shapes, copies too.
    ///
    /// Beside what `read` needs it takes two mebibytes, or one row of a tensor where that is more; 65 where tensors are
    /// transposed.
    ///
    /// - Parameters:
    ///   - file: the name of the one file, where there is one.
    ///   - types: what a tensor's numbers are stored as: f32, bf16 or f16, rounded to the nearest.
    ///   - read: called for rows in ascending order of a tensor, for one tensor after the other.
    /// - Precondition: the map has no `problems`.
    /// - Throws: as `SafetensorsShards.write`, and where a value is beyond the range of its type. Nothing is left then.
    /// - Returns: the names of the files, the index last.
    @discardableResult
    package func export(
        to folder: String, shardByteCount: Int = SafetensorsShards.defaultShardByteCount,
        file: String = WeightsPath.file, types: (FamilyTensor) -> DType, read: ReadRows
    ) throws(CheckpointError) -> [String] {
        let problems = problems
        precondition(problems.isEmpty, "a map with \(problems.count) problems: \(problems.prefix(3))")
        var tensors: [FamilyTensor] = []
        for tensor in storedTensors {
            tensors.append(tensor)
            for name in copyNames(of: tensor.name) {
                var copy = tensor
                copy.name = name
                tensors.append(copy)
            }
        }
        let written = tensors.map { tensor in
            let source = copies[tensor.name].flatMap { name in tensors.first { $0.name == name } } ?? tensor
            return (name: tensor.name, spec: TensorSpec(Shape(tensor.shape), types(source)))
        }
        let shards = try SafetensorsShards(written, folder: folder, shardByteCount: shardByteCount, file: file)
        try shards.write { (index, append) throws(CheckpointError) in
            let filler = TensorFiller(
                tensor: tensors[index], parameters: parameters, type: StoredType(written[index].spec.dtype),
                path: shards.folder)
            try filler.fill(read, append)
        }
        return shards.files
    }
}
