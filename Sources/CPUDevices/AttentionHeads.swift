import CKernels
import Tensors

/// The heads of a batch, one after the other.
///
/// A head is computed where it lies. One whose type the processor does not multiply is widened into scratch, computed
/// there in f32, and its results rounded on the way back.
struct AttentionHeads: @unchecked Sendable {
    enum Pass: @unchecked Sendable {
        case forward(qkv: UnsafeRawPointer, out: UnsafeMutableRawPointer, logSumExp: UnsafeMutablePointer<Float>)
        case backward(
            dout: UnsafeRawPointer, qkv: UnsafeRawPointer, out: UnsafeRawPointer, logSumExp: UnsafePointer<Float>,
            dqkv: UnsafeMutableRawPointer)
    }

    let shape: AttentionShape
    let dtype: DType
    /// Whether to compute heads where they lie.
    let isNative: Bool
    /// As large as `scratchBytes` says for each part.
    private let scratch: UnsafeMutablePointer<Float>

    init(_ shape: AttentionShape, _ dtype: DType, isNative: Bool, parts: Int, scratch: Tensor) {
        let needed = Self.scratchBytes(shape, dtype) * parts
        precondition(scratch.byteCount >= needed, "attention needs \(needed) bytes of scratch, got \(scratch.spec)")
        self.shape = shape
        self.dtype = dtype
        self.isNative = isNative
        self.scratch = scratch.address.assumingMemoryBound(to: Float.self)
    }

    /// Of one part: the most that either way takes, in whole cache lines.
    static func scratchBytes(_ shape: AttentionShape, _ dtype: DType) -> Int {
        let inPlace = AttentionBlocks.scratchCount(key(shape, dtype, width: shape.width))
        let widened = AttentionBlocks.scratchCount(key(shape, .f32, width: shape.headWidth)) + 8 * headCount(shape)
        return ((dtype == .f32 ? inPlace : max(inPlace, widened)) + 15) / 16 * 16 * MemoryLayout<Float>.size
    }

    /// Computes every `count`-th head, beginning with `part`, in this part's own scratch.
    func run(_ pass: Pass, part: Int, of count: Int, _ prepared: inout PreparedProducts) {
        let heads = stride(from: part, to: shape.batch * shape.heads, by: count)
        let scratch = scratch + part * Self.scratchBytes(shape, dtype) / MemoryLayout<Float>.size
        let inPlace = Self.key(shape, dtype, width: shape.width)
        if isNative, prepared.attention(inPlace).isComplete {
            let blocks = AttentionBlocks(inPlace, width: shape.width, scratch: scratch, &prepared)
            for head in heads { compute(head, pass, blocks, &prepared) }
        } else {
            let blocks = AttentionBlocks(
                Self.key(shape, .f32, width: shape.headWidth), width: shape.headWidth,
                scratch: scratch + 8 * Self.headCount(shape), &prepared)
            for head in heads { computeWidened(head, pass, blocks, scratch, &prepared) }
        }
    }

    /// Numbers in one head of q.
    private static func headCount(_ shape: AttentionShape) -> Int { shape.sequence * shape.headWidth }

    private static func key(_ shape: AttentionShape, _ dtype: DType, width: Int) -> AttentionProducts.Key {
        AttentionProducts.Key(
            sequence: shape.sequence, headWidth: shape.headWidth, causal: shape.causal, dtype: dtype,
            inputStride: 3 * width, outputStride: width)
    }

    /// Head `index`, counted over the batch, where it lies.
    private func compute(_ index: Int, _ pass: Pass, _ blocks: AttentionBlocks, _ prepared: inout PreparedProducts) {
        let (input, output, row) = (inputOffset(index), outputOffset(index), index * shape.sequence)
        switch pass {
        case .forward(let qkv, let out, let logSumExp):
            blocks.forward(qkv: qkv + input, out: out + output, logSumExp: logSumExp + row, &prepared)
        case .backward(let dout, let qkv, let out, let logSumExp, let dqkv):
            blocks.backward(
                dout: dout + output, qkv: qkv + input, out: out + output, logSumExp: logSumExp + row,
                dqkv: dqkv + input, &prepared)
        }
    }

    /// The same in scratch: q, k and v side by side, their gradients likewise, the output and its gradient.
    private func computeWidened(
        _ index: Int, _ pass: Pass, _ blocks: AttentionBlocks, _ scratch: UnsafeMutablePointer<Float>,
        _ prepared: inout PreparedProducts
    ) {
        let (input, output, row) = (inputOffset(index), outputOffset(index), index * shape.sequence)
        let q = scratch
        let dq = q + 3 * Self.headCount(shape)
        let y = dq + 3 * Self.headCount(shape)
        let dy = y + Self.headCount(shape)
        switch pass {
        case .forward(let qkv, let out, let logSumExp):
            widenThree(qkv + input, to: q)
            blocks.forward(qkv: q, out: y, logSumExp: logSumExp + row, &prepared)
            narrow(y, shape.headWidth, to: out + output, shape.width)
        case .backward(let dout, let qkv, let out, let logSumExp, let dqkv):
            widenThree(qkv + input, to: q)
            widen(out + output, shape.width, to: y, shape.headWidth)
            widen(dout + output, shape.width, to: dy, shape.headWidth)
            blocks.backward(dout: dy, qkv: q, out: y, logSumExp: logSumExp + row, dqkv: dq, &prepared)
            for part in 0..<3 {
                narrow(
                    dq + part * shape.headWidth, 3 * shape.headWidth,
                    to: dqkv + input + part * shape.width * dtype.size, 3 * shape.width)
            }
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

    private func widenThree(_ address: UnsafeRawPointer, to q: UnsafeMutablePointer<Float>) {
        for part in 0..<3 {
            widen(
                address + part * shape.width * dtype.size, 3 * shape.width, to: q + part * shape.headWidth,
                3 * shape.headWidth)
        }
    }

    /// y := x[sequence × headWidth], whose rows lie `stride` apart.
    private func widen(_ x: UnsafeRawPointer, _ stride: Int, to y: UnsafeMutablePointer<Float>, _ yStride: Int) {
        ck_convert_rows(dtype.kernel, x, stride, CK_F32, y, yStride, shape.sequence, shape.headWidth)
    }

    private func narrow(
        _ x: UnsafeMutablePointer<Float>, _ stride: Int, to y: UnsafeMutableRawPointer, _ yStride: Int
    ) {
        ck_convert_rows(CK_F32, x, stride, dtype.kernel, y, yStride, shape.sequence, shape.headWidth)
    }
}
