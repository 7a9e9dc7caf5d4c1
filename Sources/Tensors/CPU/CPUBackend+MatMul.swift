internal import CKernels
internal import COpenBLAS

extension CPUBackend {
    /// What an epilogue adds is written to c first, and the product added to it: OpenBLAS would otherwise spend that
    /// pass on zeroing c.
    public func matmul(_ a: Tensor, _ b: Tensor, into c: Tensor, _ shape: MatMul, epilogue: Epilogue) {
        let output = c.f32("matmul", count: shape.m * shape.n)
        let holdsAddend = prepare(output, shape, epilogue)
        SGEMM(
            m: shape.m, n: shape.n, k: shape.k,
            transposeA: shape.transposeA, transposeB: shape.transposeB,
            a: a.f32("matmul", count: shape.m * shape.k), strideA: shape.transposeA ? shape.m : shape.k,
            b: b.f32("matmul", count: shape.k * shape.n), strideB: shape.transposeB ? shape.k : shape.n,
            c: output, strideC: shape.n, beta: holdsAddend || shape.accumulate ? 1 : 0
        ).run()
        if case .activation(let kind, _, let result) = epilogue { activation(kind, c, into: result) }
    }

    public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
        let (rows, width) = (x.shape.rows, x.shape.width)
        if !accumulate { zero(out) }
        ck_sum_rows(x.f32("sumRows", count: x.count), out.f32("sumRows", count: width), rows, width)
    }

    /// Puts what the product is added to into c; false if c may still hold anything.
    private func prepare(_ c: UnsafeMutablePointer<Float>, _ shape: MatMul, _ epilogue: Epilogue) -> Bool {
        switch epilogue {
        case .none:
            return false
        case .bias(let bias):
            addBias(bias, to: shape.accumulate ? c : nil, into: c, shape)
        case .activation(_, let bias, _):
            guard let bias else { return false }
            addBias(bias, to: shape.accumulate ? c : nil, into: c, shape)
        case .residual(let residual, let bias):
            prepareResidual(residual, bias, c, shape)
        }
        return true
    }

    private func prepareResidual(
        _ residual: Tensor, _ bias: Tensor?, _ c: UnsafeMutablePointer<Float>, _ shape: MatMul
    ) {
        let count = shape.m * shape.n
        let source = residual.f32("matmul", count: count)
        precondition(source != c || shape.accumulate, "matmul: the residual is the output, but does not accumulate")
        if shape.accumulate && source != c { ck_add(c, source, c, count) }
        if let bias {
            addBias(bias, to: shape.accumulate ? c : source, into: c, shape)
        } else if !shape.accumulate {
            c.update(from: source, count: count)
        }
    }

    /// c = x + bias; nil counts as zeros.
    private func addBias(
        _ bias: Tensor, to x: UnsafeMutablePointer<Float>?, into c: UnsafeMutablePointer<Float>, _ shape: MatMul
    ) {
        ck_add_bias(x, bias.f32("matmul", count: shape.n), c, shape.m, shape.n)
    }
}
