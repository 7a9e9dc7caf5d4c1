import CPUDevices
public import Tensors

extension DetachedBackend {
    public func embedding(_ ids: Tensor, token: Tensor, first: Int, position: Tensor?, scale: Float, into y: Tensor) {
        let (ids, token, position, y) = (twin(ids), twin(token), twin(position), twin(y))
        run { $0.embedding(ids, token: token, first: first, position: position, scale: scale, into: y) }
    }

    public func embeddingBackward(
        _ ids: Tensor, dy: Tensor, dtoken: Tensor, first: Int, dposition: Tensor?, scale: Float
    ) {
        let (ids, dy, dtoken, dposition) = (twin(ids), twin(dy), twin(dtoken), twin(dposition))
        run { $0.embeddingBackward(ids, dy: dy, dtoken: dtoken, first: first, dposition: dposition, scale: scale) }
    }

    public func crossEntropyPart(_ logits: Tensor, targets: Tensor, first: Int, into parts: Tensor) {
        let (logits, targets, parts) = (twin(logits), twin(targets), twin(parts))
        run { $0.crossEntropyPart(logits, targets: targets, first: first, into: parts) }
    }

    public func crossEntropy(
        _ logits: Tensor, targets: Tensor, first: Int, parts: Tensor, ignoreIndex: Int, normaliser: Tensor,
        rowLosses: Tensor, gradientScale: Float
    ) {
        let (logits, targets, parts) = (twin(logits), twin(targets), twin(parts))
        let (normaliser, rowLosses) = (twin(normaliser), twin(rowLosses))
        run {
            $0.crossEntropy(
                logits, targets: targets, first: first, parts: parts, ignoreIndex: ignoreIndex, normaliser: normaliser,
                rowLosses: rowLosses, gradientScale: gradientScale)
        }
    }

    public func dropout(
        _ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int, columns: Range<Int>,
        of width: Int
    ) {
        let (x, y) = (twin(x), twin(y))
        run {
            $0.dropout(
                x, into: y, probability: probability, key: key, rowsPerSample: rowsPerSample, columns: columns,
                of: width)
        }
    }
}
