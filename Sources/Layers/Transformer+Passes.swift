public import Tensors

extension Transformer {
    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (t, w) = (TransformerFrame(frame, of: self), TransformerFrame.Weights(frame.parameters, of: self))
        var scratch = Scratch(frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let hidden = scratch.take(t.up.spec)
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)

        normalise(t.x, w.norm1, into: normalised, t.statistics1, on: backend)
        w.qkv.forward(normalised, into: t.qkv, on: backend)
        adapted.forward(0, normalised, into: t.qkv)
        if let cache = t.cache {
            backend.cachedAttention(
                t.qkv, cache: cache, start: frame.start, prefix: nil, into: t.attended, logSumExp: t.logSumExp, t.shape,
                scratch: attention)
        } else {
            frame.attend(
                t.qkv, into: t.attended, logSumExp: t.logSumExp, t.shape, scratch: attention, on: backend)
        }
        addBranch(t.attended, w.out, adapted, 1, to: t.x, into: t.middle, attentionMask, branch, on: backend)

        normalise(t.middle, w.norm2, into: normalised, t.statistics2, on: backend)
        if adapted.has(2) {
            w.up.forward(normalised, into: t.up, on: backend)
            adapted.forward(2, normalised, into: t.up)
            backend.activation(activation, t.up, into: hidden)
        } else {
            w.up.forward(normalised, into: t.up, activation, output: hidden, on: backend)
        }
        addBranch(hidden, w.down, adapted, 3, to: t.middle, into: t.y, mlpMask, branch, on: backend)
    }

    /// Leaves dqkv, dmiddle, dup and the norms' gradients; dy stays as it is.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let (t, w) = (TransformerFrame(frame, of: self), TransformerFrame.Weights(frame.parameters, of: self))
        var scratch = Scratch(frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        let gradient = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)
        backend.zero(t.normGradients)

        // The MLP: dy → dup → the gradient of norm2's output → dmiddle
        let dmlp = masked(t.dy, mlpMask, branch, frame, on: backend)
        w.down.backwardInput(dmlp, into: t.dup, on: backend)
        adapted.backwardInput(3, dmlp, into: t.dup)
        backend.activationBackward(activation, x: t.up, dy: t.dup, into: t.dup)
        w.up.backwardInput(t.dup, into: gradient, on: backend)
        adapted.backwardInput(2, t.dup, into: gradient)
        if shard != nil { frame.sum(gradient) }
        norm.backwardWeight(gradient, x: t.middle, statistics: t.statistics2, into: t.dnorm2, on: backend)
        backend.copy(t.dy, to: t.dmiddle)
        norm.backwardInput(
            gradient, x: t.middle, w.norm2, statistics: t.statistics2, into: t.dmiddle, accumulate: true, on: backend)

        // The attention: dmiddle → dqkv → the gradient of norm1's output → dx
        let dprojected = masked(t.dmiddle, attentionMask, branch, frame, on: backend)
        // As wide as x, or of a shard's heads: in the same place.
        let dattended = Tensor(gradient.memory, offset: gradient.offset, spec: t.attended.spec)
        w.out.backwardInput(dprojected, into: dattended, on: backend)
        adapted.backwardInput(1, dprojected, into: dattended)
        frame.attendBackward(
            dattended, qkv: t.qkv, out: t.attended, logSumExp: t.logSumExp, into: t.dqkv, t.shape, scratch: attention,
            on: backend)
        w.qkv.backwardInput(t.dqkv, into: gradient, on: backend)
        adapted.backwardInput(0, t.dqkv, into: gradient)
        if shard != nil { frame.sum(gradient) }
        norm.backwardWeight(gradient, x: t.x, statistics: t.statistics1, into: t.dnorm1, on: backend)
        guard let dx = t.dx else { return }
        backend.copy(t.dmiddle, to: dx)
        norm.backwardInput(
            gradient, x: t.x, w.norm1, statistics: t.statistics1, into: dx, accumulate: true, on: backend)
    }

    /// Four products of an output gradient with the input of its matrix, which is recomputed where it was not kept; none
    /// of it where the matrix is frozen and has no adapter.
    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let (t, w) = (TransformerFrame(frame, of: self), TransformerFrame.Weights(frame.parameters, of: self))
        let dw = TransformerFrame.Weights(frame.gradients, of: self)
        var scratch = Scratch(frame.scratch)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let hidden = scratch.take(t.up.spec)
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)

        if dw.qkv.isTrained || adapted.has(0) {
            normalise(t.x, w.norm1, into: normalised, t.statistics1, on: backend)
            dw.qkv.backwardWeight(t.dqkv, x: normalised, on: backend)
            adapted.backwardWeight(0, t.dqkv, x: normalised)
        }
        if dw.out.isTrained || adapted.has(1) {
            let dprojected = masked(t.dmiddle, attentionMask, branch, frame, on: backend)
            dw.out.backwardWeight(dprojected, x: t.attended, on: backend)
            adapted.backwardWeight(1, dprojected, x: t.attended)
        }
        if dw.up.isTrained || adapted.has(2) {
            normalise(t.middle, w.norm2, into: normalised, t.statistics2, on: backend)
            dw.up.backwardWeight(t.dup, x: normalised, on: backend)
            adapted.backwardWeight(2, t.dup, x: normalised)
        }
        if dw.down.isTrained || adapted.has(3) {
            backend.activation(activation, t.up, into: hidden)
            let dmlp = masked(t.dy, mlpMask, branch, frame, on: backend)
            dw.down.backwardWeight(dmlp, x: hidden, on: backend)
            adapted.backwardWeight(3, dmlp, x: hidden)
        }

        add(t.dnorm1, to: dw.norm1, on: backend)
        add(t.dnorm2, to: dw.norm2, on: backend)
    }

    private var attentionMask: DropoutStream { DropoutStream(probability: dropout, index: 0) }
    private var mlpMask: DropoutStream { DropoutStream(probability: dropout, index: 1) }

    private func normalise(
        _ x: Tensor, _ parameters: Norm, into y: Tensor, _ statistics: Tensor, on backend: any Backend
    ) {
        norm.forward(x, parameters, epsilon: Float(epsilon), into: y, statistics: statistics, on: backend)
    }

    /// y = x + dropout(input · Wᵀ + b), with the adapters of that product. Shards sum the product before x is added: x is
    /// whole on each of them.
    private func addBranch(
        _ input: Tensor, _ map: Affine, _ adapted: AdapterPasses, _ product: Int, to x: Tensor, into y: Tensor,
        _ mask: DropoutStream, _ branch: Tensor?, on backend: any Backend
    ) {
        let isMasked = mask.isActive(adapted.frame)
        guard isMasked || shard != nil else {
            map.forward(input, plus: x, into: y, on: backend)
            adapted.forward(product, input, into: y)
            return
        }
        let sum = isMasked ? branch ?? y : y
        map.summand(of: shard).forward(input, into: sum, on: backend)
        adapted.forward(product, input, into: sum)
        if shard != nil { adapted.frame.sum(sum) }
        if isMasked { mask.apply(sum, into: y, adapted.frame, on: backend) }
        backend.add(x, y, into: y)
    }

    /// The gradient behind a branch's dropout: dy itself where nothing is dropped, else in `branch`.
    private func masked(
        _ dy: Tensor, _ mask: DropoutStream, _ branch: Tensor?, _ frame: LayerFrame, on backend: any Backend
    ) -> Tensor {
        guard let branch, mask.isActive(frame) else { return dy }
        mask.apply(dy, into: branch, frame, on: backend)
        return branch
    }

    private func add(_ partial: Norm, to gradients: Norm, on backend: any Backend) {
        if gradients.weight.count > 0 { backend.add(gradients.weight, partial.weight, into: gradients.weight) }
        if let bias = gradients.bias, bias.count > 0, let part = partial.bias { backend.add(bias, part, into: bias) }
    }
}
