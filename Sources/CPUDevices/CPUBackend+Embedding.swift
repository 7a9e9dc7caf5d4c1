import CKernels
public import Tensors

extension CPUBackend {
    public func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor) {
        requireIDs(ids, vocabulary: token.shape.rows)
        embedding(ids, token: token, first: 0, position: position, scale: scale, into: y)
    }

    public func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float) {
        requireIDs(ids, vocabulary: dtoken.shape.rows)
        embeddingBackward(ids, dy: dy, dtoken: dtoken, first: 0, dposition: dposition, scale: scale)
    }

    public func embedding(_ ids: Tensor, token: Tensor, first: Int, position: Tensor?, scale: Float, into y: Tensor) {
        let (width, own) = (token.shape.width, Int64(token.shape.rows))
        let values = checkedIDs(ids, position: position)
        let output = y.floats("embedding", y.dtype, count: ids.count * width)
        let table = token.f32("embedding", count: token.count)
        let places = position?.f32("embedding", count: position?.count ?? 0)
        let sequence = ids.shape.width
        // Whole samples, since a row's place in the sequence counts from the first.
        threads.split(ids.shape.rows, of: sequence * width) { part in
            let start = part.lowerBound * sequence
            ck_embedding(
                y.dtype.kernel, values + start, table, Int64(first), own, places, scale,
                output + start * width * y.dtype.size, part.count * sequence, sequence, width)
        }
    }

    public func embeddingBackward(
        _ ids: Tensor, dy: Tensor, dtoken: Tensor, first: Int, dposition: Tensor?, scale: Float
    ) {
        let width = dtoken.shape.width
        let values = checkedIDs(ids, position: dposition)
        ck_embedding_backward(
            dy.dtype.kernel, values, dy.floats("embeddingBackward", dy.dtype, count: ids.count * width),
            dtoken.f32("embeddingBackward", count: dtoken.count), Int64(first), Int64(dtoken.shape.rows),
            dposition?.f32("embeddingBackward", count: dposition?.count ?? 0), scale, ids.count, ids.shape.width, width)
    }

    /// Data is checked where it is read; here an id outside the vocabulary would be a wrong number.
    private func requireIDs(_ ids: Tensor, vocabulary: Int) {
        let values = ids.i32("embedding", count: ids.count)
        let bad = ck_first_outside(values, ids.count, Int64(vocabulary), .min)
        precondition(bad < 0, "embedding: id \(values[max(bad, 0)]) at \(bad) is outside 0 ..< \(vocabulary)")
    }

    private func checkedIDs(_ ids: Tensor, position: Tensor?) -> UnsafeMutablePointer<Int32> {
        if let position {
            precondition(
                position.shape.rows >= ids.shape.width,
                "embedding: \(position.shape.rows) positions for a sequence of \(ids.shape.width)")
        }
        return ids.i32("embedding", count: ids.count)
    }
}
