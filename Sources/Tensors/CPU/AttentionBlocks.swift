internal import CKernels

/// Attention of one head of one sample, a block of query rows at a time, so that only [block × sequence] scores exist.
///
/// Dao et al., "FlashAttention" (2022): the forward pass keeps each row's log-sum-exp, from which the backward pass
/// computes the probabilities again. Pointers are to the head's first query or output row; the head's keys begin `width`
/// elements behind its queries, its values 2 · width; rows of all three lie 3 · width apart, rows of the output width apart.
struct AttentionBlocks {
    static let queryRows = 64

    let shape: AttentionShape
    let width: Int
    /// Elements between rows of the scores: the sequence, rounded up to whole vectors.
    let stride: Int
    /// [queryRows × stride] each.
    let scores: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    /// [queryRows]
    let rowFactors: UnsafeMutablePointer<Float>

    /// - Parameter width: of the tensors that the pointers point into: every head's, or this one's alone.
    init(_ shape: AttentionShape, width: Int, scratch: UnsafeMutablePointer<Float>) {
        self.shape = shape
        self.width = width
        stride = Self.stride(shape)
        scores = scratch
        gradients = scores + Self.queryRows * stride
        rowFactors = gradients + Self.queryRows * stride
    }

    /// How many f32 of scratch it takes.
    static func scratchCount(_ shape: AttentionShape) -> Int { 2 * queryRows * stride(shape) + queryRows }

    private static func stride(_ shape: AttentionShape) -> Int { (shape.sequence + 15) / 16 * 16 }

    /// out = softmax(scale · q kᵀ) v
    func forward(qkv: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>) {
        for block in blocks {
            let o = out + block.start * width
            multiplyByKeys(qkv + block.start * inputStride, inputStride, keys: qkv + width, scale, scores, block)
            ck_softmax_rows(
                scores, stride, block.rows, block.keys, block.seen, rowFactors, logSumExp + block.start)
            SGEMM(
                m: block.rows, n: shape.headWidth, k: block.keys, a: scores, strideA: stride,
                b: qkv + 2 * width, strideB: inputStride, c: o, strideC: width
            ).run()
            ck_scale_rows(o, width, block.rows, shape.headWidth, rowFactors)
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
            let dy = dout + block.start * width
            let beta: Float = index == 0 ? 0 : 1
            multiplyByKeys(q, inputStride, keys: qkv + width, scale, scores, block)
            multiplyByKeys(dy, width, keys: qkv + 2 * width, 1, gradients, block)
            ck_row_dots(
                dy, width, out + block.start * width, width, block.rows, shape.headWidth, rowFactors)
            ck_attention_backward_rows(
                scores, gradients, stride, block.rows, block.keys, block.seen, logSumExp + block.start, rowFactors)
            multiplyTransposed(scores, dy, width, 1, beta, dqkv + 2 * width, block)
            multiplyTransposed(gradients, q, inputStride, scale, beta, dqkv + width, block)
            SGEMM(
                m: block.rows, n: shape.headWidth, k: block.keys, a: gradients, strideA: stride,
                b: qkv + width, strideB: inputStride, c: dqkv + block.start * inputStride, strideC: inputStride,
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

    private var inputStride: Int { 3 * width }
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
