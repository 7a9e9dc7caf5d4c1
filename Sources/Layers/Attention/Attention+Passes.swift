public import Tensors

extension Attention {
    /// qkv = x · Wqkvᵀ; attended = attention(qkv, its q and k normed and turned); y = attended · Woutᵀ
    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (t, w) = (AttentionFrame(frame, of: self), AttentionFrame.Weights(frame.parameters, of: self))
        var scratch = Scratch(frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        w.qkv.forward(t.x, into: t.qkv, on: backend)
        AdapterPasses(adapters, frame, scratch, on: backend).forward(0, t.x, into: t.qkv)
        let heads = prepared(t, w, &scratch, on: backend) ?? t.qkv
        if let rotation, headNorm == nil { turn(heads, rotation, t, backward: false, on: backend) }
        if let cache = t.cache {
            backend.cachedAttention(
                heads, cache: cache, start: frame.start, prefix: t.positions, into: t.attended,
                logSumExp: t.logSumExp, t.shape, scratch: attention)
        } else {
            frame.attend(
                heads, prefix: t.positions, into: t.attended, logSumExp: t.logSumExp, t.shape, scratch: attention,
                on: backend)
        }
        w.out.summand(of: shard).forward(t.attended, into: t.y, on: backend)
        AdapterPasses(adapters, frame, scratch, on: backend).forward(1, t.attended, into: t.y)
        if shard != nil { frame.sum(t.y) }
    }

    /// The same way back, leaving dqkv and the norms' gradients.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let (t, w) = (AttentionFrame(frame, of: self), AttentionFrame.Weights(frame.parameters, of: self))
        var scratch = Scratch(frame.scratch)
        let attention = scratch.takeAttention(t.shape, t.x.dtype, on: backend)
        let dattended = scratch.take(t.attended.spec)
        let heads = prepared(t, w, &scratch, on: backend) ?? t.qkv
        let adapted = AdapterPasses(adapters, frame, scratch, on: backend)
        w.out.backwardInput(t.dy, into: dattended, on: backend)
        adapted.backwardInput(1, t.dy, into: dattended)
        frame.attendBackward(
            dattended, qkv: heads, prefix: t.positions, out: t.attended, logSumExp: t.logSumExp, into: t.dqkv, t.shape,
            scratch: attention, on: backend)
        if let rotation { turn(t.dqkv, rotation, t, backward: true, on: backend) }
        if let headNorm, let weights = w.norms, let gradients = t.normGradients {
            backend.zero(gradients.whole)
            backend.headNormBackward(
                t.dqkv, qkv: t.qkv, queryWeight: weights.query, keyWeight: weights.key, offset: headNorm.offset,
                statistics: t.statistics, dqueryWeight: gradients.query, dkeyWeight: gradients.key, t.shape)
            if shard != nil { frame.sum(gradients.whole) }
        }
        if let dx = t.dx { w.qkv.backwardInput(t.dqkv, into: dx, on: backend) }
        adapted.backwardInput(0, t.dqkv, into: t.dx)
        if shard != nil, let dx = t.dx { frame.sum(dx) }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let (t, dw) = (AttentionFrame(frame, of: self), AttentionFrame.Weights(frame.gradients, of: self))
        dw.qkv.backwardWeight(t.dqkv, x: t.x, on: backend)
        dw.out.backwardWeight(t.dy, x: t.attended, on: backend)
        let adapted = AdapterPasses(adapters, frame, on: backend)
        adapted.backwardWeight(0, t.dqkv, x: t.x)
        adapted.backwardWeight(1, t.dy, x: t.attended)
        guard let norms = dw.norms, let gradients = t.normGradients else { return }
        if norms.query.count > 0 { backend.add(norms.query, gradients.query, into: norms.query) }
        if norms.key.count > 0 { backend.add(norms.key, gradients.key, into: norms.key) }
    }

    /// With head norms, qkv with q and k normed and turned, in scratch; nil without: q and k turn in place.
    private func prepared(
        _ t: AttentionFrame, _ w: AttentionFrame.Weights, _ scratch: inout Scratch, on backend: any Backend
    ) -> Tensor? {
        guard let headNorm, let weights = w.norms else { return nil }
        let heads = scratch.take(t.qkv.spec)
        backend.headNorm(
            t.qkv, queryWeight: weights.query, keyWeight: weights.key, offset: headNorm.offset,
            epsilon: Float(headNorm.epsilon), into: heads, statistics: t.statistics, t.shape)
        if let rotation { turn(heads, rotation, t, backward: false, on: backend) }
        return heads
    }

    private func turn(
        _ heads: Tensor, _ rotation: Rotation, _ t: AttentionFrame, backward: Bool, on backend: any Backend
    ) {
        t.frame.turn(heads, rotation, positions: t.positions, backward: backward, t.shape, on: backend)
    }
}
