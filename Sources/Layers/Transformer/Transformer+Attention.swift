import Tensors

/// The attention's branch: x₂ = x + dropout(attention(norm1(x)))
extension Transformer {
    private var mask: DropoutStream { DropoutStream(probability: dropout, index: 0) }

    func forwardAttention(_ t: TransformerFrame, on backend: any Backend) {
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .attention)
        var scratch = Scratch(t.frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        normalise(t.x, w.norm, into: normalised, t.statistics1, on: backend)
        w.into.forward(normalised, into: t.qkv, on: backend)
        adapted.forward(qkvProduct, normalised, into: t.qkv)
        if let cache = t.cache {
            backend.cachedAttention(
                t.qkv, cache: cache, start: t.frame.start, prefix: nil, into: t.attended, logSumExp: t.logSumExp,
                t.shape, scratch: attention)
        } else {
            t.frame.attend(
                t.qkv, into: t.attended, logSumExp: t.logSumExp, t.shape, scratch: attention, on: backend)
        }
        addBranch(t.attended, w.out, adapted, outProduct, to: t.x, into: t.middle, mask, branch, on: backend)
    }

    /// dmiddle → dqkv → the gradient of norm1's output → dx
    func backwardInputAttention(_ t: TransformerFrame, on backend: any Backend) {
        guard let dmiddle = t.dmiddle else { preconditionFailure("an output without a gradient") }
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .attention)
        var scratch = Scratch(t.frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        let gradient = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        let dprojected = masked(dmiddle, mask, branch, t.frame, on: backend)
        // As wide as x, or of a shard's heads: in the same place.
        let dattended = Tensor(gradient.memory, offset: gradient.offset, spec: t.attended.spec)
        w.out.backwardInput(dprojected, into: dattended, on: backend)
        adapted.backwardInput(outProduct, dprojected, into: dattended)
        t.frame.attendBackward(
            dattended, qkv: t.qkv, out: t.attended, logSumExp: t.logSumExp, into: t.dqkv, t.shape, scratch: attention,
            on: backend)
        w.into.backwardInput(t.dqkv, into: gradient, on: backend)
        adapted.backwardInput(qkvProduct, t.dqkv, into: gradient)
        if shard != nil { t.frame.sum(gradient) }
        leaveBranch(
            gradient, w.norm, into: t.normGradient(.attention, of: self), x: t.x, t.statistics1, dy: dmiddle,
            into: t.dx, on: backend)
    }

    func backwardWeightAttention(_ t: TransformerFrame, on backend: any Backend) {
        guard let dmiddle = t.dmiddle else { preconditionFailure("an output without a gradient") }
        let w = TransformerFrame.Weights(t.frame.parameters, of: self, .attention)
        let dw = TransformerFrame.Weights(t.frame.gradients, of: self, .attention)
        var scratch = Scratch(t.frame.scratch)
        let normalised = scratch.take(t.x.spec)
        let branch = dropout > 0 ? scratch.take(t.x.spec) : nil
        let adapted = AdapterPasses(adapters, t.frame, scratch, on: backend)

        if dw.into.isTrained || adapted.has(qkvProduct) {
            normalise(t.x, w.norm, into: normalised, t.statistics1, on: backend)
            dw.into.backwardWeight(t.dqkv, x: normalised, on: backend)
            adapted.backwardWeight(qkvProduct, t.dqkv, x: normalised)
        }
        if dw.out.isTrained || adapted.has(outProduct) {
            let dprojected = masked(dmiddle, mask, branch, t.frame, on: backend)
            dw.out.backwardWeight(dprojected, x: t.attended, on: backend)
            adapted.backwardWeight(outProduct, dprojected, x: t.attended)
        }
        add(t.normGradient(.attention, of: self), to: dw.norm, on: backend)
    }
}
