internal import CKernels

/// The heads of a batch, one after the other.
///
/// In f32 a head is computed where it lies. 16-bit heads are widened into scratch, and their results rounded once on the
/// way back: a head's products are too small for oneDNN's bf16 to win back what preparing each of them costs.
struct AttentionHeads {
    let shape: AttentionShape
    let dtype: DType
    private let blocks: AttentionBlocks
    /// f32, where the head does not lie in f32 already: [sequence × 3 · headWidth] …
    private let qkv: UnsafeMutablePointer<Float>
    private let dqkv: UnsafeMutablePointer<Float>
    /// … and [sequence × headWidth].
    private let out: UnsafeMutablePointer<Float>
    private let dout: UnsafeMutablePointer<Float>

    init(_ shape: AttentionShape, _ dtype: DType, scratch: Tensor) {
        let needed = Self.scratchBytes(shape, dtype)
        precondition(scratch.byteCount >= needed, "attention needs \(needed) bytes of scratch, got \(scratch.spec)")
        let start = scratch.address.assumingMemoryBound(to: Float.self)
        self.shape = shape
        self.dtype = dtype
        blocks = AttentionBlocks(shape, width: dtype == .f32 ? shape.width : shape.headWidth, scratch: start)
        qkv = start + AttentionBlocks.scratchCount(shape)
        dqkv = qkv + 3 * shape.sequence * shape.headWidth
        out = dqkv + 3 * shape.sequence * shape.headWidth
        dout = out + shape.sequence * shape.headWidth
    }

    static func scratchBytes(_ shape: AttentionShape, _ dtype: DType) -> Int {
        let widened = dtype == .f32 ? 0 : 8 * shape.sequence * shape.headWidth
        return (AttentionBlocks.scratchCount(shape) + widened) * MemoryLayout<Float>.size
    }

    /// Head `index`, counted over the batch, of whole tensors.
    func forward(
        _ index: Int, qkv: UnsafeMutableRawPointer, out: UnsafeMutableRawPointer,
        logSumExp: UnsafeMutablePointer<Float>
    ) {
        let (qkv, out, sums) = (qkv + inputOffset(index), out + outputOffset(index), logSumExp + index * shape.sequence)
        if dtype == .f32 {
            return blocks.forward(qkv: floats(qkv), out: floats(out), logSumExp: sums)
        }
        widenInput(qkv)
        blocks.forward(qkv: self.qkv, out: self.out, logSumExp: sums)
        narrow(self.out, shape.headWidth, to: out, shape.width)
    }

    func backward(
        _ index: Int, dout: UnsafeMutableRawPointer, qkv: UnsafeMutableRawPointer, out: UnsafeMutableRawPointer,
        logSumExp: UnsafeMutablePointer<Float>, dqkv: UnsafeMutableRawPointer
    ) {
        let (qkv, dqkv) = (qkv + inputOffset(index), dqkv + inputOffset(index))
        let (out, dout) = (out + outputOffset(index), dout + outputOffset(index))
        let sums = logSumExp + index * shape.sequence
        if dtype == .f32 {
            return blocks.backward(
                dout: floats(dout), qkv: floats(qkv), out: floats(out), logSumExp: sums, dqkv: floats(dqkv))
        }
        widenInput(qkv)
        widen(out, shape.width, to: self.out, shape.headWidth)
        widen(dout, shape.width, to: self.dout, shape.headWidth)
        blocks.backward(dout: self.dout, qkv: self.qkv, out: self.out, logSumExp: sums, dqkv: self.dqkv)
        for part in 0..<3 {
            narrow(
                self.dqkv + part * shape.headWidth, 3 * shape.headWidth,
                to: dqkv + part * shape.width * dtype.size, 3 * shape.width)
        }
    }
}

extension AttentionHeads {
    /// Bytes from the start of qkv to the head's first query.
    private func inputOffset(_ index: Int) -> Int { offset(index, rowWidth: 3 * shape.width) }
    private func outputOffset(_ index: Int) -> Int { offset(index, rowWidth: shape.width) }

    private func offset(_ index: Int, rowWidth: Int) -> Int {
        let (sample, head) = index.quotientAndRemainder(dividingBy: shape.heads)
        return (sample * shape.sequence * rowWidth + head * shape.headWidth) * dtype.size
    }

    private func floats(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        address.assumingMemoryBound(to: Float.self)
    }

    /// q, k and v of one head, side by side.
    private func widenInput(_ address: UnsafeMutableRawPointer) {
        for part in 0..<3 {
            widen(
                address + part * shape.width * dtype.size, 3 * shape.width, to: qkv + part * shape.headWidth,
                3 * shape.headWidth)
        }
    }

    /// y := x[sequence × headWidth], whose rows lie `stride` apart.
    private func widen(
        _ x: UnsafeMutableRawPointer, _ stride: Int, to y: UnsafeMutablePointer<Float>, _ yStride: Int
    ) {
        ck_convert_rows(dtype.kernel, x, stride, CK_F32, y, yStride, shape.sequence, shape.headWidth)
    }

    private func narrow(
        _ x: UnsafeMutablePointer<Float>, _ stride: Int, to y: UnsafeMutableRawPointer, _ yStride: Int
    ) {
        ck_convert_rows(CK_F32, x, stride, dtype.kernel, y, yStride, shape.sequence, shape.headWidth)
    }
}
