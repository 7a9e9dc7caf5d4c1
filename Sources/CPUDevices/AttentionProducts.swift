import CKernels
import COneDNN
import Tensors

/// The products of one head, block by block, over operands that lie where the head lies: f32's by a kernel that is begun
/// as fast as a head is small, short types' by oneDNN.
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

    struct Product {
        let kind: Products.Kind
        /// nil in f32, and where oneDNN has none.
        let prepared: od_product?
    }

    /// Query rows `start ..< start + rows` against the first `keys` keys; `seen` as the kernels take it.
    struct Block {
        var start: Int
        var rows: Int
        var keys: Int
        var seen: Int
        /// q · kᵀ and dy · vᵀ, f32[rows × keys]; in f32 the second operand comes transposed already
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
            return AttentionProducts.Product(
                kind: kind, prepared: key.dtype == .f32 ? nil : prepared.product(kind))
        }
        // The kernel reads rows: keys and values come transposed, as long as scores.
        let isWide = key.dtype == .f32
        let byKeys = MatMul(m: rows, n: keys, k: width, transposeB: !isWide)
        let keyStride = isWide ? scores : key.inputStride
        let byValues = MatMul(m: rows, n: width, k: keys)
        let overRows = MatMul(m: keys, n: width, k: rows, transposeA: true, accumulate: adds)
        self.start = start
        self.rows = rows
        self.keys = keys
        seen = key.causal ? start + 1 : 0
        self.scores = product(byKeys, (key.inputStride, keyStride, scores))
        probabilityGradients = product(byKeys, (key.outputStride, keyStride, scores))
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
        let shape = kind.shape
        ck_small_product(
            a.assumingMemoryBound(to: Float.self), shape.transposeA ? 1 : kind.strideA,
            shape.transposeA ? kind.strideA : 1, b.assumingMemoryBound(to: Float.self), kind.strideB,
            c.assumingMemoryBound(to: Float.self), kind.strideC, shape.m, shape.n, shape.k, shape.accumulate ? 1 : 0)
    }
}
