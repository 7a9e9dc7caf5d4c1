import CKernels
import Tensors

/// Attention of one head of one sample, a block of query rows at a time, so that only [block × sequence] scores exist.
///
/// Dao et al., "FlashAttention" (2022): the forward pass keeps each row's log-sum-exp, from which the backward pass
/// recomputes the probabilities. Pointers are to a head's first row; how far rows lie apart stands in the products' key.
struct AttentionBlocks {
    /// A head of k and v, where they lie and as the products of scores read them: transposed in f32.
    struct Keys {
        let k: UnsafeRawPointer
        let v: UnsafeRawPointer
        fileprivate let keys: UnsafeRawPointer
        fileprivate let values: UnsafeRawPointer
    }

    /// Where the gradients of a head's k and v are summed: f32 rows that lie `stride` apart, dense but in f32.
    struct Sums {
        let dk: UnsafeMutablePointer<Float>
        let dv: UnsafeMutablePointer<Float>
        let stride: Int
    }

    let products: AttentionProducts
    private let key: AttentionProducts.Key
    private let scale: Float
    /// Keys that every row sees.
    private let prefix: Int
    private let stride: Int
    /// f32[queryRows × stride] each.
    private let scores: UnsafeMutablePointer<Float>
    private let gradients: UnsafeMutablePointer<Float>
    /// P and dS as the products read them: the same as above in f32, else of the short type.
    private let p: UnsafeMutableRawPointer
    private let ds: UnsafeMutableRawPointer
    /// f32[queryRows × headWidth]
    private let output: UnsafeMutablePointer<Float>
    /// kᵀ and vᵀ, f32[headWidth × keyLength] each, in f32.
    private let keys: UnsafeMutablePointer<Float>
    private let values: UnsafeMutablePointer<Float>
    /// [queryRows]
    private let rowFactors: UnsafeMutablePointer<Float>

    init(
        _ key: AttentionProducts.Key, _ products: AttentionProducts, scale: Float, prefix: Int,
        scratch: UnsafeMutablePointer<Float>
    ) {
        self.products = products
        self.key = key
        self.scale = scale
        self.prefix = prefix
        stride = key.scoreStride
        let block = AttentionProducts.queryRows * stride
        scores = scratch
        gradients = scores + block
        output = gradients + block
        rowFactors = output + AttentionProducts.queryRows * key.headWidth
        let rest = rowFactors + AttentionProducts.queryRows
        // A short type's block takes half of f32's.
        p = UnsafeMutableRawPointer(key.dtype == .f32 ? scores : rest)
        ds = UnsafeMutableRawPointer(key.dtype == .f32 ? gradients : rest + block / 2)
        keys = rest
        values = keys + key.headWidth * key.keyLength
    }

    /// How many f32 of scratch it takes.
    static func scratchCount(_ key: AttentionProducts.Key) -> Int {
        let block = AttentionProducts.queryRows * key.scoreStride
        let common = 2 * block + AttentionProducts.queryRows * (key.headWidth + 1)
        return common + (key.dtype == .f32 ? 2 * key.headWidth * key.keyLength : block)
    }

    private var dtype: DType { key.dtype }
    private var size: Int { dtype.size }

    /// Lays a head of k out for all query heads that share it; v too where the backward pass is to come.
    func layOut(k: UnsafeRawPointer, v: UnsafeRawPointer, backward: Bool) -> Keys {
        guard dtype == .f32 else { return Keys(k: k, v: v, keys: k, values: v) }
        transpose(k, into: keys)
        if backward { transpose(v, into: values) }
        return Keys(k: k, v: v, keys: UnsafeRawPointer(keys), values: UnsafeRawPointer(values))
    }

    private func transpose(_ x: UnsafeRawPointer, into y: UnsafeMutablePointer<Float>) {
        ck_transpose(
            x.assumingMemoryBound(to: Float.self), key.keyStride, y, key.keyLength, key.keys, key.headWidth)
    }

    /// out = softmax(scale · q kᵀ) v
    func forward(
        q: UnsafeRawPointer, _ head: Keys, out: UnsafeMutableRawPointer, logSumExp: UnsafeMutablePointer<Float>,
        _ prepared: inout PreparedProducts
    ) {
        for block in products.blocks {
            block.scores.run(
                q + block.start * key.queryStride * size, head.keys + columns(block), into: scores, &prepared)
            ck_softmax_rows(
                dtype.kernel, scores, p, stride, block.rows, mask(block), scale, rowFactors, logSumExp + block.start)
            block.output.run(p, head.v + block.firstKey * key.keyStride * size, into: output, &prepared)
            ck_scale_rows(
                dtype.kernel, output, out + block.start * key.outputStride * size, key.outputStride, block.rows,
                key.headWidth, rowFactors)
        }
    }

    /// From the last block to the first: where there is no window, the last one sees every key, so that it sets the sums
    /// and the others add.
    func backward(
        dout: UnsafeRawPointer, q: UnsafeRawPointer, _ head: Keys, out: UnsafeRawPointer,
        logSumExp: UnsafePointer<Float>, dq: UnsafeMutableRawPointer, into sums: Sums,
        _ prepared: inout PreparedProducts
    ) {
        if key.window > 0 { clear(sums) }
        for block in products.blocks.reversed() {
            let (query, row) = (block.start * key.queryStride * size, block.start * key.outputStride * size)
            let (first, sum) = (block.firstKey * key.keyStride * size, block.firstKey * sums.stride)
            block.scores.run(q + query, head.keys + columns(block), into: scores, &prepared)
            block.probabilityGradients.run(dout + row, head.values + columns(block), into: gradients, &prepared)
            ck_row_dots(
                dtype.kernel, dout + row, out + row, key.outputStride, block.rows, key.headWidth, rowFactors)
            ck_attention_backward_rows(
                dtype.kernel, scores, gradients, p, ds, stride, block.rows, mask(block), scale,
                logSumExp + block.start, rowFactors)
            block.dv.run(p, dout + row, into: sums.dv + sum, stride: sums.stride, &prepared)
            block.dk.run(ds, q + query, into: sums.dk + sum, stride: sums.stride, &prepared)
            block.dq.run(ds, head.k + first, into: dq + query, &prepared)
        }
    }

    private func clear(_ sums: Sums) {
        for row in 0..<key.keys {
            (sums.dk + row * sums.stride).update(repeating: 0, count: key.headWidth)
            (sums.dv + row * sums.stride).update(repeating: 0, count: key.headWidth)
        }
    }

    /// Bytes from the first key, as the products of scores read it, to the block's first.
    private func columns(_ block: AttentionProducts.Block) -> Int {
        block.firstKey * size * (dtype == .f32 ? 1 : key.keyStride)
    }

    private func mask(_ block: AttentionProducts.Block) -> ck_mask {
        ck_mask(keys: block.keys, seen: block.seen, window: key.window, prefix: max(0, prefix - block.firstKey))
    }
}
