import CKernels
import Tensors

/// Attention of one head of one sample, a block of query rows at a time, so that only [block × sequence] scores exist.
///
/// Dao et al., "FlashAttention" (2022): the forward pass keeps each row's log-sum-exp, from which the backward pass
/// recomputes the probabilities. Pointers are to the head's first query or output row; the head's keys begin `width`
/// elements behind its queries, its values 2 · width; rows of all three lie 3 · width apart, rows of the output width apart.
struct AttentionBlocks {
    let products: AttentionProducts
    let dtype: DType
    let headWidth: Int
    let width: Int
    private let stride: Int
    /// f32[queryRows × stride] each.
    private let scores: UnsafeMutablePointer<Float>
    private let gradients: UnsafeMutablePointer<Float>
    /// P and dS as the products read them: the same as above in f32, else of the short type.
    private let p: UnsafeMutableRawPointer
    private let ds: UnsafeMutableRawPointer
    /// f32[queryRows × headWidth]
    private let output: UnsafeMutablePointer<Float>
    /// f32[sequence × headWidth] each, of short types.
    private let dk: UnsafeMutablePointer<Float>
    private let dv: UnsafeMutablePointer<Float>
    /// kᵀ and vᵀ, f32[headWidth × stride] each, in f32.
    private let keys: UnsafeMutablePointer<Float>
    private let values: UnsafeMutablePointer<Float>
    private let sequence: Int
    /// [queryRows]
    private let rowFactors: UnsafeMutablePointer<Float>

    init(
        _ key: AttentionProducts.Key, width: Int, scratch: UnsafeMutablePointer<Float>,
        _ prepared: inout PreparedProducts
    ) {
        products = prepared.attention(key)
        dtype = key.dtype
        headWidth = key.headWidth
        self.width = width
        stride = key.scoreStride
        let block = AttentionProducts.queryRows * stride
        scores = scratch
        gradients = scores + block
        output = gradients + block
        rowFactors = output + AttentionProducts.queryRows * headWidth
        let rest = rowFactors + AttentionProducts.queryRows
        // A short type's block takes half of f32's.
        p = UnsafeMutableRawPointer(key.dtype == .f32 ? scores : rest)
        ds = UnsafeMutableRawPointer(key.dtype == .f32 ? gradients : rest + block / 2)
        dk = rest + block
        dv = dk + key.sequence * headWidth
        keys = rest
        values = keys + headWidth * stride
        sequence = key.sequence
    }

    /// How many f32 of scratch it takes.
    static func scratchCount(_ key: AttentionProducts.Key) -> Int {
        let block = AttentionProducts.queryRows * key.scoreStride
        let common = 2 * block + AttentionProducts.queryRows * (key.headWidth + 1)
        return common + 2 * key.headWidth * (key.dtype == .f32 ? key.scoreStride : key.sequence)
            + (key.dtype == .f32 ? 0 : block)
    }

    private var scale: Float { 1 / Float(headWidth).squareRoot() }
    private var size: Int { dtype.size }

    /// out = softmax(scale · q kᵀ) v
    func forward(
        qkv: UnsafeRawPointer, out: UnsafeMutableRawPointer, logSumExp: UnsafeMutablePointer<Float>,
        _ prepared: inout PreparedProducts
    ) {
        let keys = laidOut(qkv + width * size, in: keys)
        for block in products.blocks {
            block.scores.run(qkv + block.start * 3 * width * size, keys, into: scores, &prepared)
            ck_softmax_rows(
                dtype.kernel, scores, p, stride, block.rows, block.keys, block.seen, scale, rowFactors,
                logSumExp + block.start)
            block.output.run(p, qkv + 2 * width * size, into: output, &prepared)
            ck_scale_rows(
                dtype.kernel, output, out + block.start * width * size, width, block.rows, headWidth, rowFactors)
        }
    }

    /// From the last block to the first: under a causal mask the last one sees every key, so that it sets dk and dv
    /// and the others add.
    func backward(
        dout: UnsafeRawPointer, qkv: UnsafeRawPointer, out: UnsafeRawPointer, logSumExp: UnsafePointer<Float>,
        dqkv: UnsafeMutableRawPointer, _ prepared: inout PreparedProducts
    ) {
        let isWide = dtype == .f32
        let dk = isWide ? dqkv + width * size : UnsafeMutableRawPointer(self.dk)
        let dv = isWide ? dqkv + 2 * width * size : UnsafeMutableRawPointer(self.dv)
        let keys = laidOut(qkv + width * size, in: keys)
        let values = laidOut(qkv + 2 * width * size, in: values)
        for block in products.blocks.reversed() {
            let q = qkv + block.start * 3 * width * size
            let dy = dout + block.start * width * size
            block.scores.run(q, keys, into: scores, &prepared)
            block.probabilityGradients.run(dy, values, into: gradients, &prepared)
            ck_row_dots(
                dtype.kernel, dy, out + block.start * width * size, width, block.rows, headWidth, rowFactors)
            ck_attention_backward_rows(
                dtype.kernel, scores, gradients, p, ds, stride, block.rows, block.keys, block.seen, scale,
                logSumExp + block.start, rowFactors)
            block.dv.run(p, dy, into: dv, &prepared)
            block.dk.run(ds, q, into: dk, &prepared)
            block.dq.run(ds, qkv + width * size, into: dqkv + block.start * 3 * width * size, &prepared)
        }
        if isWide { return }
        round(self.dk, to: dqkv + width * size)
        round(self.dv, to: dqkv + 2 * width * size)
    }

    /// The head's keys or values as the products of scores read them: transposed in f32, else where they lie.
    private func laidOut(_ x: UnsafeRawPointer, in scratch: UnsafeMutablePointer<Float>) -> UnsafeRawPointer {
        guard dtype == .f32 else { return x }
        ck_transpose(x.assumingMemoryBound(to: Float.self), 3 * width, scratch, stride, sequence, headWidth)
        return UnsafeRawPointer(scratch)
    }

    private func round(_ sums: UnsafeMutablePointer<Float>, to gradient: UnsafeMutableRawPointer) {
        let rows = products.blocks.reduce(0) { $0 + $1.rows }
        ck_convert_rows(CK_F32, sums, headWidth, dtype.kernel, gradient, 3 * width, rows, headWidth)
    }
}
