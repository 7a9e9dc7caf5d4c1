import CPUDevices
public import Tensors

extension DetachedBackend {
    public func addScaled(_ x: Tensor, by factor: Float, to a: Tensor, into y: Tensor) {
        let (x, a, y) = (twin(x), twin(a), twin(y))
        run { $0.addScaled(x, by: factor, to: a, into: y) }
    }

    public func scale(_ x: Tensor, by factor: Float, into y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.scale(x, by: factor, into: y) }
    }

    public func softcap(_ x: Tensor, cap: Float, into y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.softcap(x, cap: cap, into: y) }
    }

    public func softcapBackward(_ dy: Tensor, x: Tensor, cap: Float, into dx: Tensor) {
        let (dy, x, dx) = (twin(dy), twin(x), twin(dx))
        run { $0.softcapBackward(dy, x: x, cap: cap, into: dx) }
    }

    public func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) {
        let (x, y) = (twin(x), twin(y))
        run { $0.activation(kind, x, into: y) }
    }

    public func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {
        let (x, dy, dx) = (twin(x), twin(dy), twin(dx))
        run { $0.activationBackward(kind, x: x, dy: dy, into: dx) }
    }

    public func gate(_ kind: Activation, _ gate: Tensor, _ up: Tensor, into y: Tensor) {
        let (gate, up, y) = (twin(gate), twin(up), twin(y))
        run { $0.gate(kind, gate, up, into: y) }
    }

    public func gateBackward(_ kind: Activation, gate: Tensor, up: Tensor, dy: Tensor, dgate: Tensor, dup: Tensor) {
        let (gate, up, dy, dgate, dup) = (twin(gate), twin(up), twin(dy), twin(dgate), twin(dup))
        run { $0.gateBackward(kind, gate: gate, up: up, dy: dy, dgate: dgate, dup: dup) }
    }

    public func dropout(_ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int) {
        let (x, y) = (twin(x), twin(y))
        run { $0.dropout(x, into: y, probability: probability, key: key, rowsPerSample: rowsPerSample) }
    }
}
