internal import COneDNN

/// The products of one head, block by block, over operands that lie where the head lies.
struct AttentionProducts {
    struct Key: Hashable {
        var sequence: Int
        var headWidth: Int
        var causal: Bool
        var dtype: DType
        /// Elements between the rows of q, k, v and their gradients, and of the output and its gradient.
        var inputStride: Int
        var outputStride: Int

        /// Of the scores: the sequence, rounded up to whole vectors.
        var scoreStride: Int { (sequence + 15) / 16 * 16 }
    }

    /// One product: by oneDNN, or by OpenBLAS where oneDNN has none.
    struct Product {
        let kind: Products.Kind
        let prepared: od_product?
    }

    /// Query rows `start ..< start + rows` against the first `keys` keys; `seen` as the kernels take it.
    struct Block {
        var start: Int
        var rows: Int
        var keys: Int
        var seen: Int
        /// q · kᵀ and dy · vᵀ, f32[rows × keys]
        var scores: Product
        var probabilityGradients: Product
        /// P · v, f32[rows × headWidth]
        var output: Product
        /// dS · k, into dq
        var dq: Product
        /// dSᵀ · q and Pᵀ · dy, summed in f32
        var dk: Product
        var dv: Product
    }

    static let queryRows = 64
    let blocks: [Block]
    /// Whether every product can run: f32's can, short types' where oneDNN has them all.
    let isComplete: Bool

    init(_ key: Key, _ prepared: inout PreparedProducts) {
        var blocks: [Block] = []
        for start in stride(from: 0, to: key.sequence, by: Self.queryRows) {
            blocks.append(Block(key, start: start, &prepared))
        }
        self.blocks = blocks
        isComplete = key.dtype == .f32 || blocks.allSatisfy(\.isPrepared)
    }
}

extension AttentionProducts.Block {
    fileprivate typealias Key = AttentionProducts.Key

    /// Later keys that a causal mask hides are left out, but for the rest of a step: a long sequence has no more than
    /// sixteen widths of blocks to prepare.
    fileprivate init(_ key: Key, start: Int, _ prepared: inout PreparedProducts) {
        let rows = min(AttentionProducts.queryRows, key.sequence - start)
        let step = (key.sequence + 1023) / 1024 * AttentionProducts.queryRows
        let keys = key.causal ? min((start + rows + step - 1) / step * step, key.sequence) : key.sequence
        let (width, scores) = (key.headWidth, key.scoreStride)
        // The last block comes first in the backward pass, and sees every key: it sets what the others add to.
        let adds = start + rows < key.sequence
        /// dk and dv are summed where they belong in f32, in scratch otherwise.
        let sumStride = key.dtype == .f32 ? key.inputStride : width

        func product(
            _ shape: MatMul, _ strides: (a: Int, b: Int, c: Int), into type: DType = .f32
        ) -> AttentionProducts.Product {
            let kind = Products.Kind(
                shape: shape, strideA: strides.a, strideB: strides.b, strideC: strides.c, dtype: key.dtype,
                resultType: type)
            return AttentionProducts.Product(kind: kind, prepared: prepared.product(kind))
        }
        let byKeys = MatMul(m: rows, n: keys, k: width, transposeB: true)
        let byValues = MatMul(m: rows, n: width, k: keys)
        let overRows = MatMul(m: keys, n: width, k: rows, transposeA: true, accumulate: adds)
        self.start = start
        self.rows = rows
        self.keys = keys
        seen = key.causal ? start + 1 : 0
        self.scores = product(byKeys, (key.inputStride, key.inputStride, scores))
        probabilityGradients = product(byKeys, (key.outputStride, key.inputStride, scores))
        output = product(byValues, (scores, key.inputStride, width))
        dq = product(byValues, (scores, key.inputStride, key.inputStride), into: key.dtype)
        dk = product(overRows, (scores, key.inputStride, sumStride))
        dv = product(overRows, (scores, key.outputStride, sumStride))
    }

    fileprivate var isPrepared: Bool {
        [scores, probabilityGradients, output, dq, dk, dv].allSatisfy { $0.prepared != nil }
    }
}

extension AttentionProducts.Product {
    func run(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, into c: UnsafeMutableRawPointer,
        _ products: inout PreparedProducts
    ) {
        if var prepared { return products.run(&prepared, Products.Operands(a: a, b: b, c: c)) }
        SGEMM(
            m: kind.shape.m, n: kind.shape.n, k: kind.shape.k, transposeA: kind.shape.transposeA,
            transposeB: kind.shape.transposeB, a: a.assumingMemoryBound(to: Float.self), strideA: kind.strideA,
            b: b.assumingMemoryBound(to: Float.self), strideB: kind.strideB, c: c.assumingMemoryBound(to: Float.self),
            strideC: kind.strideC, beta: kind.shape.accumulate ? 1 : 0
        ).run(by: .openBLAS)
    }
}
