internal import CKernels

extension CPUBackend {
    public func attentionScratch(_ shape: AttentionShape) -> Int { AttentionBlocks.scratchBytes(shape) }

    public func attention(
        _ qkv: Tensor, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {
        let tokens = shape.batch * shape.sequence
        let q = qkv.f32("attention", count: tokens * 3 * shape.width)
        let output = out.f32("attention", count: tokens * shape.width)
        let sums = logSumExp.f32("attention", count: tokens * shape.heads)
        let blocks = AttentionBlocks(shape, scratch: scratch)
        for head in 0..<shape.batch * shape.heads {
            let at = blocks.offsets(of: head)
            blocks.forward(qkv: q + at.qkv, out: output + at.out, logSumExp: sums + at.logSumExp)
        }
    }

    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, into dqkv: Tensor, _ shape: AttentionShape,
        scratch: Tensor
    ) {
        let tokens = shape.batch * shape.sequence
        let dy = dout.f32("attentionBackward", count: tokens * shape.width)
        let q = qkv.f32("attentionBackward", count: tokens * 3 * shape.width)
        let y = out.f32("attentionBackward", count: tokens * shape.width)
        let sums = logSumExp.f32("attentionBackward", count: tokens * shape.heads)
        let dq = dqkv.f32("attentionBackward", count: tokens * 3 * shape.width)
        let blocks = AttentionBlocks(shape, scratch: scratch)
        for head in 0..<shape.batch * shape.heads {
            let at = blocks.offsets(of: head)
            blocks.backward(
                dout: dy + at.out, qkv: q + at.qkv, out: y + at.out, logSumExp: sums + at.logSumExp, dqkv: dq + at.qkv)
        }
    }
}
