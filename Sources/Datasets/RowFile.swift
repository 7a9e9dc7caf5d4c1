public import Tensors

/// A raw file of little-endian f32 rows: the inputs, then the targets of each sample.
public final class RowFile: Dataset {
    public let inputs: Int
    public let targets: Int
    public let sampleCount: Int
    private let file: MappedFile

    /// Throws when the file cannot be mapped, or holds no whole number of rows, or none.
    public init(path: String, inputs: Int, targets: Int) throws(DatasetError) {
        for (name, width) in [("data.inputs", inputs), ("data.targets", targets)]
        where !(1...Int(Int32.max)).contains(width) {
            throw .setting(name: name, expected: "1 to \(Int32.max)", got: "\(width)")
        }
        self.inputs = inputs
        self.targets = targets
        file = try MappedFile(path: path)
        let row = (inputs + targets) * DType.f32.size
        sampleCount = file.bytes.count / row
        guard sampleCount >= 1, file.bytes.count % row == 0 else {
            throw .size(
                path: path, bytes: file.bytes.count,
                expected: "rows of \(row) bytes (\(inputs) inputs and \(targets) targets as f32), at least one")
        }
    }

    public var inputSpec: TensorSpec { TensorSpec([inputs]) }
    public var targetSpec: TensorSpec { TensorSpec([targets]) }
    public func targetCount(sample: Int) -> Int { targets }

    public func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
        precondition(
            input.count == inputSpec.byteCount && target.count == targetSpec.byteCount, "buffers of one sample")
        let start = sample * (input.count + target.count)
        let middle = start + input.count
        input.copyMemory(from: UnsafeRawBufferPointer(rebasing: file.bytes[start..<middle]))
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: file.bytes[middle..<middle + target.count]))
    }

    public func prepare(for order: SampleOrder) { file.prepare(for: order) }
}
