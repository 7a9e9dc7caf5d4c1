internal import CKernels

/// Attention of one head of one sample, a block of query rows at a time, so that only [block × sequence] scores exist.
///
/// Dao et al., "FlashAttention" (2022): the forward pass keeps each row's log-sum-exp, from which the backward pass
/// computes the probabilities again. Pointers are to the head's first query, key, value or output row; rows of q, k and v
/// lie 3 · width apart, rows of the output width apart.
struct AttentionBlocks {
    static let queryRows = 64

    let shape: AttentionShape
    /// Elements between rows of the scores: the sequence, rounded up to whole vectors.
    let stride: Int
    /// [queryRows × stride] each.
    let scores: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    /// [queryRows]
    let rowFactors: UnsafeMutablePointer<Float>

    init(_ shape: AttentionShape, scratch: Tensor) {
        let needed = Self.scratchBytes(shape)
        precondition(scratch.byteCount >= needed, "attention needs \(needed) bytes of scratch, got \(scratch.spec)")
        self.shape = shape
        stride = Self.stride(shape)
        scores = scratch.address.assumingMemoryBound(to: Float.self)
        gradients = scores + Self.queryRows * stride
        rowFactors = gradients + Self.queryRows * stride
    }

    static func scratchBytes(_ shape: AttentionShape) -> Int {
        (2 * queryRows * stride(shape) + queryRows) * MemoryLayout<Float>.size
    }

    private static func stride(_ shape: AttentionShape) -> Int { (shape.sequence + 15) / 16 * 16 }

    /// Where head `index` (counted over the batch) begins in each tensor.
    func offsets(of index: Int) -> (qkv: Int, out: Int, logSumExp: Int) {
        let (sample, head) = index.quotientAndRemainder(dividingBy: shape.heads)
        let token = sample * shape.sequence
        let column = head * shape.headWidth
        return (token * 3 * shape.width + column, token * shape.width + column, index * shape.sequence)
    }

    /// out = softmax(scale · q kᵀ) v
    func forward(qkv: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>) {
        for block in blocks {
            let o = out + block.start * shape.width
            multiplyByKeys(qkv + block.start * inputStride, inputStride, keys: qkv + shape.width, scale, scores, block)
            ck_softmax_rows(
                scores, stride, block.rows, block.keys, block.seen, rowFactors, logSumExp + block.start)
            SGEMM(
                m: block.rows, n: shape.headWidth, k: block.keys, a: scores, strideA: stride,
                b: qkv + 2 * shape.width, strideB: inputStride, c: o, strideC: shape.width
            ).run()
            ck_scale_rows(o, shape.width, block.rows, shape.headWidth, rowFactors)
        }
    }

    /// From the last block to the first: under a causal mask the last one sees every key, so that it sets dk and dv
    /// and the others add.
    func backward(
        dout: UnsafePointer<Float>, qkv: UnsafePointer<Float>, out: UnsafePointer<Float>,
        logSumExp: UnsafePointer<Float>, dqkv: UnsafeMutablePointer<Float>
    ) {
        for (index, block) in blocks.reversed().enumerated() {
            let q = qkv + block.start * inputStride
            let dy = dout + block.start * shape.width
            let beta: Float = index == 0 ? 0 : 1
            multiplyByKeys(q, inputStride, keys: qkv + shape.width, scale, scores, block)
            multiplyByKeys(dy, shape.width, keys: qkv + 2 * shape.width, 1, gradients, block)
            ck_row_dots(
                dy, shape.width, out + block.start * shape.width, shape.width, block.rows, shape.headWidth, rowFactors)
            ck_attention_backward_rows(
                scores, gradients, stride, block.rows, block.keys, block.seen, logSumExp + block.start, rowFactors)
            multiplyTransposed(scores, dy, shape.width, 1, beta, dqkv + 2 * shape.width, block)
            multiplyTransposed(gradients, q, inputStride, scale, beta, dqkv + shape.width, block)
            SGEMM(
                m: block.rows, n: shape.headWidth, k: block.keys, a: gradients, strideA: stride,
                b: qkv + shape.width, strideB: inputStride, c: dqkv + block.start * inputStride, strideC: inputStride,
                alpha: scale
            ).run()
        }
    }
}

extension AttentionBlocks {
    /// Query rows `start ..< start + rows` against the first `keys` keys; `seen` as the kernels take it.
    struct Block {
        var start: Int
        var rows: Int
        var keys: Int
        var seen: Int
    }

    private var blocks: [Block] {
        Swift.stride(from: 0, to: shape.sequence, by: Self.queryRows).map { start in
            let rows = min(Self.queryRows, shape.sequence - start)
            return Block(
                start: start, rows: rows, keys: shape.causal ? start + rows : shape.sequence,
                seen: shape.causal ? start + 1 : 0)
        }
    }

    private var inputStride: Int { 3 * shape.width }
    private var scale: Float { 1 / Float(shape.headWidth).squareRoot() }

    /// result[rows × keys] = alpha · x[rows × headWidth] · keysᵀ
    private func multiplyByKeys(
        _ x: UnsafePointer<Float>, _ xStride: Int, keys: UnsafePointer<Float>, _ alpha: Float,
        _ result: UnsafeMutablePointer<Float>, _ block: Block
    ) {
        SGEMM(
            m: block.rows, n: block.keys, k: shape.headWidth, transposeB: true, a: x, strideA: xStride,
            b: keys, strideB: inputStride, c: result, strideC: stride, alpha: alpha
        ).run()
    }

    /// result[keys × headWidth] = beta · result + alpha · scoresᵀ · x[rows × headWidth]
    private func multiplyTransposed(
        _ scores: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ xStride: Int, _ alpha: Float, _ beta: Float,
        _ result: UnsafeMutablePointer<Float>, _ block: Block
    ) {
        SGEMM(
            m: block.keys, n: shape.headWidth, k: block.rows, transposeA: true, a: scores, strideA: stride,
            b: x, strideB: xStride, c: result, strideC: inputStride, alpha: alpha, beta: beta
        ).run()
    }
}
