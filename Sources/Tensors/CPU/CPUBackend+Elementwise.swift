internal import CKernels

extension CPUBackend {
    public func add(_ a: Tensor, _ b: Tensor, into y: Tensor) {
        let count = y.count
        ck_add(a.f32("add", count: count), b.f32("add", count: count), y.f32("add", count: count), count)
    }

    public func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) {
        let count = y.count
        ck_activate(kind.kernel, x.f32("activation", count: count), y.f32("activation", count: count), count)
    }

    public func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {
        let count = dx.count
        ck_activate_backward(
            kind.kernel, x.f32("activationBackward", count: count), dy.f32("activationBackward", count: count),
            dx.f32("activationBackward", count: count), count)
    }
}

extension Activation {
    fileprivate var kernel: Int32 {
        let kernel: ck_activation =
            switch self {
            case .geluTanh: CK_GELU_TANH
            case .geluErf: CK_GELU_ERF
            case .relu: CK_RELU
            case .silu: CK_SILU
            case .tanh: CK_TANH
            case .sigmoid: CK_SIGMOID
            }
        return Int32(kernel.rawValue)
    }
}
