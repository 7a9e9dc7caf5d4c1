import CKernels
import COneDNN
import Tensors

/// The products of one head, block by block, over operands that lie where the head lies: f32's by a kernel that is begun
/// as fast as a head is small, short types' by oneDNN.
struct AttentionProducts {
    struct Key: Hashable {
        var queries: Int
        /// Those that a cache held before the queries' own are counted too.
        var keys: Int
        var headWidth: Int
        var causal: Bool
        /// 0: none.
        var window: Int
        /// Keys that every query sees, in whole steps.
        var prefix: Int
        var dtype: DType
        /// Elements between the rows of q, of k and v, of their gradients, and of the output and its gradient.
        var queryStride: Int
        var keyStride: Int
        var outputStride: Int

        /// The first query's position among the keys.
        var start: Int { keys - queries }
        /// Of the scores: as many as a block's keys, rounded up to whole vectors.
        var scoreStride: Int {
            let whole = keyLength
            return window > 0 ? min(whole, (window + AttentionProducts.queryRows + 29) / 16 * 16) : whole
        }
        /// The keys, rounded up to whole vectors.
        var keyLength: Int { (keys + 15) / 16 * 16 }
    }

    struct Product {
        let kind: Products.Kind
        /// nil in f32, and where oneDNN has none.
        let prepared: od_product?
    }

    /// Query rows `start ..< start + rows` against as many keys from `firstKey` on; `seen` as the kernels take it.
    struct Block {
        var start: Int
        var rows: Int
        var firstKey: Int
        var keys: Int
        var seen: Int
        /// q · kᵀ and dy · vᵀ, f32[rows × keys]; in f32 the second operand comes transposed already
        var scores: Product
        var probabilityGradients: Product
        /// P · v, f32[rows × headWidth]
        var output: Product
        /// dS · k, into dq
        var dq: Product
        /// dSᵀ · q and Pᵀ · dy, f32[keys × headWidth]
        var dk: Product
        var dv: Product
    }

    static let queryRows = 64
    let blocks: [Block]
    /// Whether every product can run: f32's can, short types' where oneDNN has them all.
    let isComplete: Bool

    init(_ key: Key, _ prepared: inout PreparedProducts) {
        var blocks: [Block] = []
        for start in stride(from: 0, to: key.queries, by: Self.queryRows) {
            blocks.append(Block(key, start: start, &prepared))
        }
        self.blocks = blocks
        isComplete = key.dtype == .f32 || blocks.allSatisfy(\.isPrepared)
    }
}

extension AttentionProducts.Key {
    /// Blocks end at multiples of this many keys, so that a long sequence has no more than sixteen widths to prepare.
    /// f32 prepares nothing, and a cache's length differs with every call.
    static func step(keys: Int, start: Int) -> Int {
        start > 0 ? 1 : (keys + 1023) / 1024 * AttentionProducts.queryRows
    }

    /// The keys that some of these query rows see, but for the rest of a step. They begin with a whole vector.
    fileprivate func keys(seenBy rows: Range<Int>) -> Range<Int> {
        guard causal else { return 0..<keys }
        let end = start + rows.upperBound
        if window > 0 { return max(0, start + rows.lowerBound + 1 - window) / 16 * 16..<end }
        let step = Self.step(keys: keys, start: start)
        return 0..<min((max(end, prefix) + step - 1) / step * step, keys)
    }
}

extension AttentionProducts.Block {
    fileprivate typealias Key = AttentionProducts.Key

    fileprivate init(_ key: Key, start: Int, _ prepared: inout PreparedProducts) {
        let rows = min(AttentionProducts.queryRows, key.queries - start)
        let seenKeys = key.keys(seenBy: start..<start + rows)
        let keys = seenKeys.count
        let (width, scores) = (key.headWidth, key.scoreStride)
        // The last block comes first in the backward pass. It sees every key, but under a window, and sets what the others
        // add to.
        let adds = key.window > 0 || start + rows < key.queries

        func product(
            _ shape: MatMul, _ strides: (a: Int, b: Int, c: Int), into type: DType = .f32
        ) -> AttentionProducts.Product {
            let kind = Products.Kind(
                shape: shape, strideA: strides.a, strideB: strides.b, strideC: strides.c, dtype: key.dtype,
                resultType: type)
            return AttentionProducts.Product(
                kind: kind, prepared: key.dtype == .f32 ? nil : prepared.product(kind))
        }
        // The kernel reads rows: keys and values come transposed, all of them side by side.
        let isWide = key.dtype == .f32
        let byKeys = MatMul(m: rows, n: keys, k: width, transposeB: !isWide)
        let keyStride = isWide ? key.keyLength : key.keyStride
        let byValues = MatMul(m: rows, n: width, k: keys)
        let overRows = MatMul(m: keys, n: width, k: rows, transposeA: true, accumulate: adds)
        self.start = start
        self.rows = rows
        firstKey = seenKeys.lowerBound
        self.keys = keys
        seen = key.causal ? key.start + start + 1 - firstKey : 0
        self.scores = product(byKeys, (key.queryStride, keyStride, scores))
        probabilityGradients = product(byKeys, (key.outputStride, keyStride, scores))
        output = product(byValues, (scores, key.keyStride, width))
        dq = product(byValues, (scores, key.keyStride, key.queryStride), into: key.dtype)
        dk = product(overRows, (scores, key.queryStride, width))
        dv = product(overRows, (scores, key.outputStride, width))
    }

    fileprivate var isPrepared: Bool {
        [scores, probabilityGradients, output, dq, dk, dv].allSatisfy { $0.prepared != nil }
    }
}

extension AttentionProducts.Product {
    /// `stride`, where given, is what rows of c lie apart instead of what the product was prepared with: in f32 alone.
    func run(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, into c: UnsafeMutableRawPointer, stride: Int? = nil,
        _ products: inout PreparedProducts
    ) {
        if var prepared { return products.run(&prepared, Products.Operands(a: a, b: b, c: c)) }
        let shape = kind.shape
        ck_small_product(
            a.assumingMemoryBound(to: Float.self), shape.transposeA ? 1 : kind.strideA,
            shape.transposeA ? kind.strideA : 1, b.assumingMemoryBound(to: Float.self), kind.strideB,
            c.assumingMemoryBound(to: Float.self), stride ?? kind.strideC, shape.m, shape.n, shape.k,
            shape.accumulate ? 1 : 0)
    }
}
