import COneDNN
import Tensors

/// oneDNN's engine, the products it has prepared, and their scratch. One thread at a time uses it.
struct PreparedProducts: ~Copyable {
    /// nil where this machine's oneDNN does not start.
    private var engine: od_engine?
    /// nil where oneDNN has no such product.
    private var products: [Products.Kind: od_product?] = [:]
    private var attentions: [AttentionProducts.Key: AttentionProducts] = [:]
    /// One for all of them, as large as the one that needs most.
    private var scratch: UnsafeMutableRawPointer?
    private var scratchBytes = 0

    init(threads: Int) {
        var engine = od_engine()
        self.engine = od_engine_create(&engine, Int32(clamping: threads)) == dnnl_success ? engine : nil
    }

    deinit {
        for case var product? in products.values { od_product_destroy(&product) }
        if var engine { od_engine_destroy(&engine) }
        scratch?.deallocate()
    }

    /// nil where oneDNN has no such product.
    mutating func product(_ kind: Products.Kind) -> od_product? {
        if let known = products[kind] { return known }
        guard var engine else { return nil }
        var (shape, product) = (od_shape(kind), od_product())
        let isThere = od_product_create(&product, &engine, &shape) == dnnl_success
        products[kind] = .some(isThere ? product : nil)
        if isThere { reserve(product.scratch_bytes) }
        return isThere ? product : nil
    }

    /// Kept, but for those behind a cache: their sizes change with every call, and in f32 nothing is prepared.
    mutating func attention(_ key: AttentionProducts.Key) -> AttentionProducts {
        if key.start > 0 { return AttentionProducts(key, &self) }
        if let known = attentions[key] { return known }
        let new = AttentionProducts(key, &self)
        attentions[key] = new
        return new
    }

    mutating func run(_ product: inout od_product, _ at: Products.Operands) {
        guard var engine else { preconditionFailure("a product without its engine") }
        let operands = od_operands(a: at.a, b: at.b, bias: at.bias, addend: at.addend, c: at.c, scratch: scratch)
        let status = od_product_run(&product, &engine, operands)
        precondition(status == dnnl_success, "oneDNN's product failed with status \(status.rawValue)")
    }

    private mutating func reserve(_ byteCount: Int) {
        guard byteCount > scratchBytes else { return }
        scratch?.deallocate()
        scratch = .allocate(byteCount: byteCount, alignment: 64)
        scratchBytes = byteCount
    }
}

extension od_shape {
    fileprivate init(_ kind: Products.Kind) {
        let shape = kind.shape
        self.init(
            m: Int64(shape.m), n: Int64(shape.n), k: Int64(shape.k), a_stride: Int64(max(kind.strideA, 1)),
            b_stride: Int64(max(kind.strideB, 1)), c_stride: Int64(kind.strideC), transpose_a: shape.transposeA ? 1 : 0,
            transpose_b: shape.transposeB ? 1 : 0, has_bias: kind.hasBias ? 1 : 0, has_addend: kind.hasAddend ? 1 : 0,
            accumulate: shape.accumulate ? 1 : 0, type: kind.dtype.oneDNN, c_type: kind.resultType.oneDNN)
    }
}

extension DType {
    fileprivate var oneDNN: dnnl_data_type_t {
        switch self {
        case .f32: dnnl_f32
        case .bf16: dnnl_bf16
        case .f16: dnnl_f16
        case .i32: dnnl_s32
        case .i64: preconditionFailure("oneDNN has no products of \(self)")
        }
    }
}
