internal import CKernels
internal import Synchronization

extension CPUBackend {
    /// By oneDNN, whose products add bias and residual before they round, where it multiplies the type itself. Sums of
    /// f32 products (weight gradients) go to OpenBLAS. Measured on one Zen 5 core, 512 rows, in GFLOP/s (512 ↔ 1536 and
    /// 2048; 512 → 8192): y = x · Wᵀ 253–260 by OpenBLAS, 265–273 by oneDNN; 239 and 252. dW += dyᵀ · x 254–265 by
    /// OpenBLAS, 260–266 by oneDNN; 243 and 222. bf16: 510–549 by oneDNN; 397–515.
    public func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue) {
        let (bias, residual) = epilogue.addends
        precondition(c.dtype == a.dtype || c.dtype == .f32, "matmul of \(a.dtype) into \(c.spec)")
        let count = shape.m * shape.n
        var at = Products.Operands(
            a: a.floats("matmul", a.dtype, count: shape.m * shape.k),
            b: b.floats("matmul", a.dtype, count: shape.k * shape.n), c: c.floats("matmul", c.dtype, count: count),
            bias: bias?.f32("matmul", count: shape.n), addend: residual?.floats("matmul", c.dtype, count: count))
        if at.addend == UnsafeRawPointer(at.c) {
            precondition(shape.accumulate, "matmul: the residual is the output, but does not accumulate")
            at.addend = nil
        }
        product(at, shape, a.dtype, c.dtype)
        if case .activation(let kind, _, let result) = epilogue { activation(kind, c, into: result) }
    }

    public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        if !accumulate { zero(out) }
        ck_sum_rows(
            x.dtype.kernel, x.floats("sumRows", x.dtype, count: x.count), out.f32("sumRows", count: width), rows, width)
    }

    private func product(_ at: Products.Operands, _ shape: MatMul, _ dtype: DType, _ resultType: DType) {
        guard shape.m > 0, shape.n > 0 else { return }
        let isSum = dtype == .f32 && shape.accumulate && at.bias == nil && at.addend == nil
        if shape.k > 0, !isSum, multipliesNatively(dtype) {
            let kind = Products.Kind(
                shape: shape, strideA: shape.transposeA ? shape.m : shape.k,
                strideB: shape.transposeB ? shape.k : shape.n, strideC: shape.n, dtype: dtype, resultType: resultType,
                hasBias: at.bias != nil, hasAddend: at.addend != nil)
            if products.run(kind, at) { return }
        }
        if dtype == .f32 { return single(at, shape) }
        let product = WidenedProduct(shape: shape, dtype: dtype, resultType: resultType, at: at)
        blocks.withLock { $0.run(product) }
    }

    /// By OpenBLAS: what is to be added is written to c first, and the product added to it.
    private func single(_ at: Products.Operands, _ shape: MatMul) {
        let c = at.c.assumingMemoryBound(to: Float.self)
        SGEMM(
            m: shape.m, n: shape.n, k: shape.k, transposeA: shape.transposeA, transposeB: shape.transposeB,
            a: at.a.assumingMemoryBound(to: Float.self), strideA: shape.transposeA ? shape.m : shape.k,
            b: at.b.assumingMemoryBound(to: Float.self), strideB: shape.transposeB ? shape.k : shape.n,
            c: c, strideC: shape.n, beta: prepare(c, at, shape)
        ).run()
    }

    /// 0 if c may still hold anything.
    private func prepare(_ c: UnsafeMutablePointer<Float>, _ at: Products.Operands, _ shape: MatMul) -> Float {
        let addend = at.addend?.assumingMemoryBound(to: Float.self)
        let bias = at.bias?.assumingMemoryBound(to: Float.self)
        if let addend, shape.accumulate { ck_add(CK_F32, c, addend, c, shape.m * shape.n) }
        if let bias {
            ck_add_bias(CK_F32, shape.accumulate ? UnsafePointer(c) : addend, bias, c, shape.m, shape.n)
        } else if let addend, !shape.accumulate {
            c.update(from: addend, count: shape.m * shape.n)
        }
        return shape.accumulate || bias != nil || addend != nil ? 1 : 0
    }
}

extension Epilogue {
    /// What is added to the product.
    fileprivate var addends: (bias: Tensor?, residual: Tensor?) {
        switch self {
        case .none: (nil, nil)
        case .bias(let bias): (bias, nil)
        case .residual(let residual, let bias): (bias, residual)
        case .activation(_, let bias, _): (bias, nil)
        }
    }
}
