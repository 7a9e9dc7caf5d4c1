import CKernels
public import Tensors

extension CPUBackend {
    public func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int {
        AttentionScratch(shape, dtype).byteCount * threads.count
    }

    public func attention(
        _ qkv: Tensor, prefix: Tensor?, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {
        let tokens = shape.batch * shape.sequence
        let q = qkv.floats("attention", qkv.dtype, count: tokens * shape.qkvWidth)
        let output = out.floats("attention", qkv.dtype, count: tokens * shape.width)
        let sums = logSumExp.f32("attention", count: tokens * shape.heads)
        run(.forward(out: output, logSumExp: sums), q, qkv.dtype, prefix, shape, scratch)
    }

    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor?, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {
        let (tokens, dtype) = (shape.batch * shape.sequence, qkv.dtype)
        let dy = dout.floats("attentionBackward", dtype, count: tokens * shape.width)
        let q = qkv.floats("attentionBackward", dtype, count: tokens * shape.qkvWidth)
        let y = out.floats("attentionBackward", dtype, count: tokens * shape.width)
        let sums = logSumExp.f32("attentionBackward", count: tokens * shape.heads)
        let dq = dqkv.floats("attentionBackward", dtype, count: tokens * shape.qkvWidth)
        run(.backward(dout: dy, out: y, logSumExp: sums, dqkv: dq), q, dtype, prefix, shape, scratch)
    }

    /// The first positions are computed as `attention` computes them; later ones in f32, whatever the type, since what
    /// libraries prepare would differ with every length, and a single one by kernels that read the cache where it lies.
    public func cachedAttention(
        _ qkv: Tensor, cache: Tensor, start: Int, prefix: Tensor?, into out: Tensor, logSumExp: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {
        let (tokens, dtype, count) = (shape.batch * shape.sequence, qkv.dtype, start + shape.sequence)
        precondition(start >= 0 && count <= shape.capacity, "\(count) positions in a cache of \(shape.capacity)")
        let q = qkv.floats("cachedAttention", dtype, count: tokens * shape.qkvWidth)
        let output = out.floats("cachedAttention", dtype, count: tokens * shape.width)
        let sums = logSumExp.f32("cachedAttention", count: tokens * shape.heads)
        let stored = cache.floats(
            "cachedAttention", dtype, count: shape.batch * shape.capacity * 2 * shape.keyWidth)
        for sample in 0..<shape.batch {
            let from = q + (sample * shape.sequence * shape.qkvWidth + shape.width) * dtype.size
            let to = stored + (sample * shape.capacity + start) * 2 * shape.keyWidth * dtype.size
            ck_convert_rows(
                dtype.kernel, from, shape.qkvWidth, dtype.kernel, to, 2 * shape.keyWidth, shape.sequence,
                2 * shape.keyWidth)
        }
        let pass = AttentionHeads.Pass.forward(out: output, logSumExp: sums)
        if start == 0 { return run(pass, q, dtype, prefix, shape, scratch) }
        let keys = AttentionHeads.KeyRows(
            address: stored, stride: 2 * shape.keyWidth, perSample: shape.capacity, count: count)
        guard shape.sequence == 1 else { return run(pass, q, dtype, prefix, shape, scratch, keys) }
        let layout = AttentionScratch(shape, dtype)
        precondition(scratch.byteCount >= layout.byteCount * threads.count, "cachedAttention: \(scratch.spec)")
        PositionHeads(
            shape: shape, dtype: dtype, qkv: q, keys: keys, out: output, logSumExp: sums, parts: threads.count,
            scratch: scratch.address.assumingMemoryBound(to: Float.self)
        ).run(on: threads, scratchStride: layout.byteCount / MemoryLayout<Float>.size)
    }

    /// Keys are qkv's own unless given.
    private func run(
        _ pass: AttentionHeads.Pass, _ qkv: UnsafeMutableRawPointer, _ dtype: DType, _ prefix: Tensor?,
        _ shape: AttentionShape, _ scratch: Tensor, _ cached: AttentionHeads.KeyRows? = nil
    ) {
        precondition(shape.hasPrefix == (prefix != nil), "attention: a prefix where the shape has none, or none")
        precondition(shape.window == nil || (shape.causal && !shape.hasPrefix), "attention: a window in \(shape)")
        let prefixes = prefix.map { prefix in
            AttentionHeads.Prefixes(
                counts: prefix.i32("attention", count: shape.batch * (prefix.count / shape.batch)),
                stride: prefix.count / shape.batch)
        }
        let own = AttentionHeads.KeyRows(
            address: qkv + shape.width * dtype.size, stride: shape.qkvWidth, perSample: shape.sequence,
            count: shape.sequence)
        let isNative = cached == nil ? multipliesNatively(dtype) : dtype == .f32
        AttentionHeads(
            shape, dtype, isNative: isNative, qkv: qkv, keys: cached ?? own, prefixes: prefixes, pass,
            parts: threads.count, scratch: scratch
        ).run(on: products)
    }
}
