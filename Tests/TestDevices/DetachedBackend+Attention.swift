import CPUDevices
public import Tensors

extension DetachedBackend {
    public func headNorm(
        _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, epsilon: Float, into y: Tensor,
        statistics: Tensor, _ shape: AttentionShape
    ) {
        let (qkv, queryWeight, keyWeight) = (twin(qkv), twin(queryWeight), twin(keyWeight))
        let (y, statistics) = (twin(y), twin(statistics))
        run {
            $0.headNorm(
                qkv, queryWeight: queryWeight, keyWeight: keyWeight, offset: offset, epsilon: epsilon, into: y,
                statistics: statistics, shape)
        }
    }

    public func headNormBackward(
        _ dy: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, offset: Float, statistics: Tensor,
        dqueryWeight: Tensor, dkeyWeight: Tensor, _ shape: AttentionShape
    ) {
        let (dy, qkv, queryWeight, keyWeight) = (twin(dy), twin(qkv), twin(queryWeight), twin(keyWeight))
        let (statistics, dqueryWeight, dkeyWeight) = (twin(statistics), twin(dqueryWeight), twin(dkeyWeight))
        run {
            $0.headNormBackward(
                dy, qkv: qkv, queryWeight: queryWeight, keyWeight: keyWeight, offset: offset, statistics: statistics,
                dqueryWeight: dqueryWeight, dkeyWeight: dkeyWeight, shape)
        }
    }

    public func rotate(
        _ qkv: Tensor, _ rotation: Rotation, positions: Tensor?, start: Int, backward: Bool, _ shape: AttentionShape
    ) {
        let (qkv, positions) = (twin(qkv), twin(positions))
        run { $0.rotate(qkv, rotation, positions: positions, start: start, backward: backward, shape) }
    }

    public func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int { cpu.attentionScratch(shape, dtype) }

    public func attention(
        _ qkv: Tensor, prefix: Tensor?, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape, scratch: Tensor
    ) {
        let (qkv, prefix, out, logSumExp) = (twin(qkv), twin(prefix), twin(out), twin(logSumExp))
        let scratch = twin(scratch)
        run { $0.attention(qkv, prefix: prefix, into: out, logSumExp: logSumExp, shape, scratch: scratch) }
    }

    public func attentionBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor?, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {
        let (dout, qkv, prefix, out) = (twin(dout), twin(qkv), twin(prefix), twin(out))
        let (logSumExp, dqkv, scratch) = (twin(logSumExp), twin(dqkv), twin(scratch))
        run {
            $0.attentionBackward(
                dout, qkv: qkv, prefix: prefix, out: out, logSumExp: logSumExp, into: dqkv, shape, scratch: scratch)
        }
    }

    public func cachedAttention(
        _ qkv: Tensor, cache: Tensor, start: Int, prefix: Tensor?, into out: Tensor, logSumExp: Tensor,
        _ shape: AttentionShape, scratch: Tensor
    ) {
        let (qkv, cache, prefix, out) = (twin(qkv), twin(cache), twin(prefix), twin(out))
        let (logSumExp, scratch) = (twin(logSumExp), twin(scratch))
        run {
            $0.cachedAttention(
                qkv, cache: cache, start: start, prefix: prefix, into: out, logSumExp: logSumExp, shape,
                scratch: scratch)
        }
    }

    public func prefixPositions(
        _ ids: Tensor, _ rule: PrefixRule, start: Int, cache: Tensor?, into positions: Tensor
    ) {
        let (ids, cache, positions) = (twin(ids), twin(cache), twin(positions))
        run { $0.prefixPositions(ids, rule, start: start, cache: cache, into: positions) }
    }
}
