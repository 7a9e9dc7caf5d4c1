/// A stored tensor's numbers as f32, read a bounded piece at a time.
struct FloatReader: Sendable {
    let bytes: TensorBytes
    /// Of a floating-point type.
    let encoding: StoredEncoding

    /// Fills `out` with elements in row-major order. Beside `out` it takes half a mebibyte at most.
    func read(_ elements: Range<Int>, into out: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
        precondition(elements.count == out.count, "\(elements.count) elements into \(out.count)")
        switch encoding {
        case .plain(.f32):
            try bytes.read(at: elements.lowerBound * 4, into: UnsafeMutableRawBufferPointer(out))
        case .plain(let type):
            let (start, end) = (elements.lowerBound * type.size, elements.upperBound * type.size)
            try bytes.forEachChunk(of: start..<end, block: type.size) { (at, chunk) throws(CheckpointError) in
                let part = out[(at - start) / type.size..<(at - start + chunk.count) / type.size]
                convertToFloats(chunk, of: type, into: UnsafeMutableBufferPointer(rebasing: part))
            }
        case .blocks(let type): try read(elements, into: out, of: type)
        }
    }

    private func read(
        _ elements: Range<Int>, into out: UnsafeMutableBufferPointer<Float>, of type: BlockType
    ) throws(CheckpointError) {
        guard let base = out.baseAddress, !elements.isEmpty else { return }
        let length = BlockType.length
        let blocks = elements.lowerBound / length..<(elements.upperBound + length - 1) / length
        let range = blocks.lowerBound * type.byteCount..<blocks.upperBound * type.byteCount
        try bytes.forEachChunk(of: range, block: type.byteCount) { (at, chunk) throws(CheckpointError) in
            guard let first = chunk.baseAddress else { return }
            for index in 0..<chunk.count / type.byteCount {
                let block = first + index * type.byteCount
                let start = (at / type.byteCount + index) * length
                if start >= elements.lowerBound, start + length <= elements.upperBound {
                    type.dequantise(block, into: base + (start - elements.lowerBound))
                } else {
                    Self.dequantise(block, of: type, at: start, elements, into: base)
                }
            }
        }
    }

    /// Those elements of a block that are asked for.
    private static func dequantise(
        _ block: UnsafeRawPointer, of type: BlockType, at start: Int, _ elements: Range<Int>,
        into out: UnsafeMutablePointer<Float>
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: BlockType.length) { whole in
            guard let values = whole.baseAddress else { return }
            type.dequantise(block, into: values)
            for index in elements.clamped(to: start..<start + BlockType.length) {
                out[index - elements.lowerBound] = values[index - start]
            }
        }
    }
}
