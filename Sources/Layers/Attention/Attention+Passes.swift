public import Tensors

extension Attention {
    /// Keeps x, qkv, the heads' output and their log Σ exp: 5 · width + heads numbers per token; from one backward half
    /// to the other the gradient of qkv, 3 · width.
    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        try checkSettings()
        let x = try input.sequences(width: width)
        let shape = AttentionShape(x.shape, heads: heads, causal: causal)
        let qkv = try TensorSpec.checked([shape.batch, shape.sequence, 3 * width], x.dtype)
        let rows = x.shape.rows
        var plan = LayerPlan(
            outputs: [x],
            cost: .linear(rows: rows, inputs: width, outputs: 3 * width) + .attention(shape)
                + .linear(rows: rows, inputs: width, outputs: width))
        plan.saved = [qkv, x, try shape.logSumExp()]
        plan.releasedAfterInput = [0, 2]
        plan.deferred = [qkv]
        plan.keepsInputs = true
        plan.keepsOutputGradients = true
        plan.scratchBytes = Scratch.byteCount([x])
        plan.attention = shape
        return plan
    }

    /// qkv = x · Wqkvᵀ; attended = attention(qkv); y = attended · Woutᵀ
    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        let (qkv, attended) = (frame.saved[0], frame.saved[1])
        let shape = shape(frame)
        var scratch = Scratch(frame.scratch)
        let (qkvMap, outMap) = affines(frame.parameters)
        qkvMap.forward(frame.inputs[0], into: qkv, on: backend)
        backend.attention(
            qkv, into: attended, logSumExp: frame.saved[2], shape,
            scratch: scratch.takeAttention(shape, frame.inputs[0].dtype, on: backend))
        outMap.forward(attended, into: frame.outputs[0], on: backend)
    }

    /// The same way back, leaving dqkv.
    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        let dqkv = frame.deferred[0]
        let shape = shape(frame)
        var scratch = Scratch(frame.scratch)
        let attention = scratch.takeAttention(shape, frame.inputs[0].dtype, on: backend)
        let dattended = scratch.take(frame.saved[1].spec)
        let (qkvMap, outMap) = affines(frame.parameters)
        outMap.backwardInput(frame.outputGradients[0], into: dattended, on: backend)
        backend.attentionBackward(
            dattended, qkv: frame.saved[0], out: frame.saved[1], logSumExp: frame.saved[2], into: dqkv, shape,
            scratch: attention)
        if let dx = frame.inputGradients[0] { qkvMap.backwardInput(dqkv, into: dx, on: backend) }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {
        let (qkvMap, outMap) = affines(frame.gradients)
        qkvMap.backwardWeight(frame.deferred[0], x: frame.inputs[0], on: backend)
        outMap.backwardWeight(frame.outputGradients[0], x: frame.saved[1], on: backend)
    }

    private func shape(_ frame: LayerFrame) -> AttentionShape {
        AttentionShape(frame.inputs[0].shape, heads: heads, causal: causal)
    }

    private func affines(_ tensors: [Tensor]) -> (qkv: Affine, out: Affine) {
        var next = tensors.makeIterator()
        return (Affine(&next, bias: bias != .none), Affine(&next, bias: bias == .all))
    }
}
