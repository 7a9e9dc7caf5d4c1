internal import CKernels

extension CPUBackend {
    public func add(_ a: Tensor, _ b: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        ck_add(
            dtype.kernel, a.floats("add", dtype, count: count), b.floats("add", dtype, count: count),
            y.floats("add", dtype, count: count), count)
    }

    public func cast(_ x: Tensor, into y: Tensor) {
        if x.dtype == y.dtype { return copy(x, to: y) }
        let count = y.count
        ck_convert_rows(
            x.dtype.kernel, x.floats("cast", x.dtype, count: count), count,
            y.dtype.kernel, y.floats("cast", y.dtype, count: count), count, 1, count)
    }

    public func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        ck_activate(
            dtype.kernel, kind.kernel, x.floats("activation", dtype, count: count),
            y.floats("activation", dtype, count: count), count)
    }

    public func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {
        let (count, dtype) = (dx.count, dx.dtype)
        ck_activate_backward(
            dtype.kernel, kind.kernel, x.floats("activationBackward", dtype, count: count),
            dy.floats("activationBackward", dtype, count: count),
            dx.floats("activationBackward", dtype, count: count), count)
    }
}

extension Activation {
    fileprivate var kernel: ck_activation {
        switch self {
        case .geluTanh: CK_GELU_TANH
        case .geluErf: CK_GELU_ERF
        case .relu: CK_RELU
        case .silu: CK_SILU
        case .tanh: CK_TANH
        case .sigmoid: CK_SIGMOID
        }
    }
}
