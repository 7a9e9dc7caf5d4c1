import Tensors

/// Attention and places in rows that hold several samples: each sample sees itself alone, and counts from 0.
extension LayerFrame {
    /// `Backend.rotate` of q and k, place by place.
    func turn(
        _ heads: Tensor, _ rotation: Rotation, positions: Tensor?, backward: Bool, _ shape: AttentionShape,
        on backend: any Backend
    ) {
        guard !documents.isEmpty else {
            return backend.rotate(heads, rotation, positions: positions, start: start, backward: backward, shape)
        }
        for document in documents {
            backend.rotate(
                heads.rows(document), rotation, positions: nil, start: 0, backward: backward, shape.of(document))
        }
    }

    /// `Backend.attention`, sample by sample.
    func attend(
        _ qkv: Tensor, prefix: Tensor? = nil, into out: Tensor, logSumExp: Tensor, _ shape: AttentionShape,
        scratch: Tensor, on backend: any Backend
    ) {
        guard !documents.isEmpty else {
            return backend.attention(
                qkv, prefix: prefix, into: out, logSumExp: logSumExp, shape, scratch: scratch)
        }
        for document in documents {
            backend.attention(
                qkv.rows(document), prefix: nil, into: out.rows(document),
                logSumExp: logSumExp.sums(document, shape.heads), shape.of(document), scratch: scratch)
        }
    }

    /// `Backend.attentionBackward`, sample by sample.
    func attendBackward(
        _ dout: Tensor, qkv: Tensor, prefix: Tensor? = nil, out: Tensor, logSumExp: Tensor, into dqkv: Tensor,
        _ shape: AttentionShape, scratch: Tensor, on backend: any Backend
    ) {
        guard !documents.isEmpty else {
            return backend.attentionBackward(
                dout, qkv: qkv, prefix: prefix, out: out, logSumExp: logSumExp, into: dqkv, shape, scratch: scratch)
        }
        for document in documents {
            backend.attentionBackward(
                dout.rows(document), qkv: qkv.rows(document), prefix: nil, out: out.rows(document),
                logSumExp: logSumExp.sums(document, shape.heads), into: dqkv.rows(document), shape.of(document),
                scratch: scratch)
        }
    }
}

extension AttentionShape {
    fileprivate func of(_ document: Range<Int>) -> AttentionShape {
        var shape = self
        shape.sequence = document.count
        return shape
    }
}

extension Tensor {
    /// Of [1, sequence, …]: the positions of one document.
    func rows(_ document: Range<Int>) -> Tensor {
        let width = shape.extents.dropFirst(2).reduce(1, *)
        return slice(
            start: document.lowerBound * width, Shape([1, document.count] + shape.extents.dropFirst(2)))
    }

    /// Of the [1, heads, sequence] that attention keeps: room for one document's. What lies in it is attention's own.
    fileprivate func sums(_ document: Range<Int>, _ heads: Int) -> Tensor {
        slice(start: document.lowerBound * heads, [1, heads, document.count])
    }
}
