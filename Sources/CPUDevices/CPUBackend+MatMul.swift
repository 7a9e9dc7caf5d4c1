import CKernels
import Synchronization
public import Tensors

extension CPUBackend {
    /// By the library that `ProductRules` names. oneDNN's `matmul` adds bias and residual before it rounds.
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
        let (values, sums) = (x.floats("sumRows", x.dtype, count: x.count), out.f32("sumRows", count: width))
        threads.split(width, of: rows, alignment: 64) { part in
            let first = part.lowerBound
            ck_sum_rows(x.dtype.kernel, values + first * x.dtype.size, width, sums + first, rows, part.count)
        }
    }

    private func product(_ at: Products.Operands, _ shape: MatMul, _ dtype: DType, _ resultType: DType) {
        guard shape.m > 0, shape.n > 0 else { return }
        let kind = Products.Kind(
            shape: shape, strideA: shape.transposeA ? shape.m : shape.k, strideB: shape.transposeB ? shape.k : shape.n,
            strideC: shape.n, dtype: dtype, resultType: resultType, hasBias: at.bias != nil, hasAddend: at.addend != nil
        )
        // An empty sum is 0, which not every library knows.
        let library = shape.k > 0 ? dtype == .f32 ? rules.library(kind) : widening(kind) : nil
        if shape.k > 0, library == nil, multipliesNatively(dtype), products.run(kind, at) { return }
        if dtype == .f32 { return single(at, kind, library ?? .openBLAS) }
        let product = WidenedProduct(
            shape: shape, dtype: dtype, resultType: resultType, at: at, rules: rules, library: library)
        blocks.withLock { $0.run(product) }
    }

    /// Who computes a product of 16-bit matrices in f32, where the table says that somebody shall.
    private func widening(_ kind: Products.Kind) -> SGEMM.Library? { rules.chosen(kind).flatMap(rules.routine) }

    /// What is to be added is written to c first, and the product added to it.
    private func single(_ at: Products.Operands, _ kind: Products.Kind, _ library: SGEMM.Library) {
        let c = at.c.assumingMemoryBound(to: Float.self)
        var product = SGEMM(
            kind, a: at.a.assumingMemoryBound(to: Float.self), b: at.b.assumingMemoryBound(to: Float.self), c: c)
        product.beta = prepare(c, at, kind.shape)
        product.run(by: library)
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
