import CKernels
public import Tensors

extension CPUBackend {
    public func add(_ a: Tensor, _ b: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let (p, q) = (a.floats("add", dtype, count: count), b.floats("add", dtype, count: count))
        let sum = y.floats("add", dtype, count: count)
        elements(count, dtype) { ck_add(dtype.kernel, p + $0, q + $0, sum + $0, $1) }
    }

    public func addScaled(_ x: Tensor, by factor: Float, to a: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let (p, q) = (a.floats("addScaled", dtype, count: count), x.floats("addScaled", dtype, count: count))
        let sum = y.floats("addScaled", dtype, count: count)
        elements(count, dtype) { ck_add_scaled(dtype.kernel, p + $0, q + $0, factor, sum + $0, $1) }
    }

    public func scale(_ x: Tensor, by factor: Float, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let (input, output) = (x.floats("scale", dtype, count: count), y.floats("scale", dtype, count: count))
        elements(count, dtype) { ck_scale(dtype.kernel, input + $0, factor, output + $0, $1) }
    }

    public func cast(_ x: Tensor, into y: Tensor) {
        if x.dtype == y.dtype { return copy(x, to: y) }
        let (from, to) = (x.dtype, y.dtype)
        let (source, target) = (x.floats("cast", from, count: y.count), y.floats("cast", to, count: y.count))
        threads.split(y.count, alignment: 64) { part in
            let count = part.count
            ck_convert_rows(
                from.kernel, source + part.lowerBound * from.size, count, to.kernel,
                target + part.lowerBound * to.size, count, 1, count)
        }
    }

    public func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let input = x.floats("activation", dtype, count: count)
        let output = y.floats("activation", dtype, count: count)
        elements(count, dtype) { ck_activate(dtype.kernel, kind.kernel, input + $0, output + $0, $1) }
    }

    public func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {
        let (count, dtype) = (dx.count, dx.dtype)
        let input = x.floats("activationBackward", dtype, count: count)
        let gradient = dy.floats("activationBackward", dtype, count: count)
        let output = dx.floats("activationBackward", dtype, count: count)
        elements(count, dtype) {
            ck_activate_backward(dtype.kernel, kind.kernel, input + $0, gradient + $0, output + $0, $1)
        }
    }

    public func softcap(_ x: Tensor, cap: Float, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let (input, output) = (x.floats("softcap", dtype, count: count), y.floats("softcap", dtype, count: count))
        elements(count, dtype) { ck_softcap(dtype.kernel, input + $0, cap, output + $0, $1) }
    }

    public func softcapBackward(_ dy: Tensor, x: Tensor, cap: Float, into dx: Tensor) {
        let (count, dtype) = (dx.count, dx.dtype)
        let input = x.floats("softcapBackward", dtype, count: count)
        let gradient = dy.floats("softcapBackward", dtype, count: count)
        let output = dx.floats("softcapBackward", dtype, count: count)
        elements(count, dtype) { ck_softcap_backward(dtype.kernel, input + $0, gradient + $0, cap, output + $0, $1) }
    }

    public func gate(_ kind: Activation, _ gate: Tensor, _ up: Tensor, into y: Tensor) {
        let (count, dtype) = (y.count, y.dtype)
        let (g, u) = (gate.floats("gate", dtype, count: count), up.floats("gate", dtype, count: count))
        let output = y.floats("gate", dtype, count: count)
        elements(count, dtype) { ck_gate(dtype.kernel, kind.kernel, g + $0, u + $0, output + $0, $1) }
    }

    public func gateBackward(_ kind: Activation, gate: Tensor, up: Tensor, dy: Tensor, dgate: Tensor, dup: Tensor) {
        let (count, dtype) = (dy.count, dy.dtype)
        let (g, u) = (
            gate.floats("gateBackward", dtype, count: count), up.floats("gateBackward", dtype, count: count)
        )
        let gradient = dy.floats("gateBackward", dtype, count: count)
        let (dg, du) = (
            dgate.floats("gateBackward", dtype, count: count), dup.floats("gateBackward", dtype, count: count)
        )
        elements(count, dtype) {
            ck_gate_backward(dtype.kernel, kind.kernel, g + $0, u + $0, gradient + $0, dg + $0, du + $0, $1)
        }
    }

    /// Runs `body` on each thread's own elements: their offset in bytes, and how many.
    private func elements(_ count: Int, _ dtype: DType, _ body: (Int, Int) -> Void) {
        threads.split(count, alignment: 64) { body($0.lowerBound * dtype.size, $0.count) }
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
