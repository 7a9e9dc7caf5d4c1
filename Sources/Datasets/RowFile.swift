internal import Systems
package import Tensors

/// A raw file of little-endian f32 rows: the inputs, then the targets of each sample.
package final class RowFile: Dataset {
    package let inputs: Int
    package let targets: Int
    package let sampleCount: Int
    private let file: DataFile

    /// Throws when the file cannot be read, is of another format, or holds no whole number of rows, or none.
    package init(path: String, inputs: Int, targets: Int) throws(DatasetError) {
        for (name, width) in [("data.inputs", inputs), ("data.targets", targets)]
        where !(1...Int(Int32.max)).contains(width) {
            throw .setting(name: name, expected: "1 to \(Int32.max)", got: "\(width)")
        }
        self.inputs = inputs
        self.targets = targets
        file = try DataFile(path: path)
        try file.requireRawNumbers()
        let row = (inputs + targets) * DType.f32.size
        sampleCount = file.byteCount / row
        guard sampleCount >= 1, file.byteCount % row == 0 else {
            throw .size(
                path: path, bytes: file.byteCount,
                expected: "rows of \(row) bytes (\(inputs) inputs and \(targets) targets as f32), at least one")
        }
    }

    package var inputSpec: TensorSpec { TensorSpec([inputs]) }
    package var targetSpec: TensorSpec { TensorSpec([targets]) }
    package func targetCount(sample: Int) -> Int { targets }
    package func untargeted(among samples: Int, cache: ScanCache) -> [Bool]? { nil }
    package func location(of sample: Int) -> String { "\(file.path.printable()): row \(sample)" }

    package func fill(
        sample: Int, input: UnsafeMutableRawBufferPointer, target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        precondition((0..<sampleCount).contains(sample), "sample \(sample) of \(sampleCount)")
        precondition(
            input.count == inputSpec.byteCount && target.count == targetSpec.byteCount, "buffers of one sample")
        let start = sample * (input.count + target.count)
        try file.read(at: start, into: input)
        try file.read(at: start + input.count, into: target)
    }

    package func check(samples: Int, cache: ScanCache) throws(DatasetError) {
        let row = inputs + targets
        let infinity = Float.infinity.bitPattern
        let found = try file.firstNumber(
            notBelow: UInt64(infinity), in: 0..<min(samples, sampleCount) * row, as: UInt32.self,
            mask: ~(1 << 31), cache: cache)
        if let found {
            throw .notFinite(path: file.path, row: found / row, column: found % row, byte: found * DType.f32.size)
        }
    }

    package func prepare(for order: SampleOrder) { file.prepare(for: order) }
}
