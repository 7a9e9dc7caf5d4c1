public import Tensors

extension CPUBackend {
    public func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int {
        AttentionHeads.scratchBytes(shape, dtype) * threads.count
    }

    public func attention(
        _ qkv: Tensor, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {
        let tokens = shape.batch * shape.sequence
        let heads = heads(shape, qkv.dtype, scratch)
        let q = qkv.floats("attention", qkv.dtype, count: tokens * 3 * shape.width)
        let output = out.floats("attention", qkv.dtype, count: tokens * shape.width)
        let sums = logSumExp.f32("attention", count: tokens * shape.heads)
        products.run(heads, .forward(qkv: q, out: output, logSumExp: sums))
    }

    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, into dqkv: Tensor, _ shape: AttentionShape,
        scratch: Tensor
    ) {
        let (tokens, dtype) = (shape.batch * shape.sequence, qkv.dtype)
        let heads = heads(shape, dtype, scratch)
        let dy = dout.floats("attentionBackward", dtype, count: tokens * shape.width)
        let q = qkv.floats("attentionBackward", dtype, count: tokens * 3 * shape.width)
        let y = out.floats("attentionBackward", dtype, count: tokens * shape.width)
        let sums = logSumExp.f32("attentionBackward", count: tokens * shape.heads)
        let dq = dqkv.floats("attentionBackward", dtype, count: tokens * 3 * shape.width)
        products.run(heads, .backward(dout: dy, qkv: q, out: y, logSumExp: sums, dqkv: dq))
    }

    private func heads(_ shape: AttentionShape, _ dtype: DType, _ scratch: Tensor) -> AttentionHeads {
        AttentionHeads(
            shape, dtype, isNative: multipliesNatively(dtype), parts: threads.count, scratch: scratch)
    }
}
