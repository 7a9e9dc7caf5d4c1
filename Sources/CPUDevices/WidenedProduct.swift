import CKernels
import Tensors

/// A product of 16-bit matrices on a processor that multiplies f32 only, or faster: blocks of the operands are widened
/// into scratch, multiplied by SGEMM, and the sum is rounded once.
struct WidenedProduct: Sendable {
    /// Room for one block of each of a, b and c, from the first product on.
    struct Blocks: ~Copyable {
        /// Of a block: large enough that widening costs little beside multiplying.
        static let edge = 1024
        private var memory: UnsafeMutablePointer<Float>?

        deinit { memory?.deallocate() }

        mutating func run(_ product: WidenedProduct) {
            let bytes = 3 * Self.edge * Self.edge * MemoryLayout<Float>.size
            let start =
                memory
                ?? UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
                .assumingMemoryBound(to: Float.self)
            memory = start
            product.run(start, start + Self.edge * Self.edge, start + 2 * Self.edge * Self.edge)
        }
    }

    let shape: MatMul
    let dtype: DType
    let resultType: DType
    let at: Products.Operands
    let rules: ProductRules
    /// Who multiplies the blocks; nil: as the rules say of each.
    let library: SGEMM.Library?

    private typealias Block = UnsafeMutablePointer<Float>

    private func run(_ a: Block, _ b: Block, _ c: Block) {
        for row in stride(from: 0, to: shape.m, by: Blocks.edge) {
            for column in stride(from: 0, to: shape.n, by: Blocks.edge) {
                let rows = row..<min(row + Blocks.edge, shape.m)
                let columns = column..<min(column + Blocks.edge, shape.n)
                let beta = prepare(rows, columns, c, spare: a)
                multiply(rows, columns, a, b, c, beta)
                let place = at.c + (row * shape.n + column) * resultType.size
                ck_convert_rows(
                    CK_F32, c, columns.count, resultType.kernel, place, shape.n, rows.count, columns.count)
            }
        }
    }

    private func multiply(
        _ rows: Range<Int>, _ columns: Range<Int>, _ a: Block, _ b: Block, _ c: Block, _ beta: Float
    ) {
        for start in stride(from: 0, to: shape.k, by: Blocks.edge) {
            let inner = start..<min(start + Blocks.edge, shape.k)
            let strideA = widen(at.a, shape.transposeA, shape.m, shape.k, rows, inner, into: a)
            let strideB = widen(at.b, shape.transposeB, shape.k, shape.n, inner, columns, into: b)
            let beta = start == 0 ? beta : 1
            let block = MatMul(
                m: rows.count, n: columns.count, k: inner.count, transposeA: shape.transposeA,
                transposeB: shape.transposeB, accumulate: beta != 0)
            let kind = Products.Kind(
                shape: block, strideA: strideA, strideB: strideB, strideC: columns.count, dtype: .f32, resultType: .f32)
            SGEMM(kind, a: a, b: b, c: c).run(by: library ?? rules.library(kind) ?? .openBLAS)
        }
    }

    /// Puts what the product is added to into c's block; 0 if there is nothing.
    private func prepare(_ rows: Range<Int>, _ columns: Range<Int>, _ c: Block, spare: Block) -> Float {
        let count = rows.count * columns.count
        let offset = (rows.lowerBound * shape.n + columns.lowerBound) * resultType.size
        var isEmpty = shape.k > 0
        if !isEmpty { c.update(repeating: 0, count: count) }
        func add(_ addend: UnsafeRawPointer?) {
            guard let addend else { return }
            ck_convert_rows(
                resultType.kernel, addend + offset, shape.n, CK_F32, isEmpty ? c : spare, columns.count, rows.count,
                columns.count)
            if !isEmpty { ck_add(CK_F32, c, spare, c, count) }
            isEmpty = false
        }
        add(shape.accumulate ? UnsafeRawPointer(at.c) : nil)
        add(at.addend)
        if let bias = at.bias?.assumingMemoryBound(to: Float.self) {
            ck_add_bias(CK_F32, isEmpty ? nil : c, bias + columns.lowerBound, c, rows.count, columns.count)
            isEmpty = false
        }
        return isEmpty ? 0 : 1
    }

    /// The block rows × columns of op(x), as x stores it; returns the elements between its rows.
    private func widen(
        _ x: UnsafeRawPointer, _ isTransposed: Bool, _ height: Int, _ width: Int, _ rows: Range<Int>,
        _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>
    ) -> Int {
        let (outer, inner) = isTransposed ? (columns, rows) : (rows, columns)
        let stride = isTransposed ? height : width
        ck_convert_rows(
            dtype.kernel, x + (outer.lowerBound * stride + inner.lowerBound) * dtype.size, stride, CK_F32, block,
            inner.count, outer.count, inner.count)
        return inner.count
    }
}
