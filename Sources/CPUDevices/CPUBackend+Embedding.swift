import CKernels
public import Tensors

extension CPUBackend {
    public func embedding(_ ids: Tensor, token: Tensor, position: Tensor?, scale: Float, into y: Tensor) {
        let width = token.shape.width
        let values = checkedIDs(ids, vocabulary: token.shape.rows, position: position)
        let output = y.floats("embedding", y.dtype, count: ids.count * width)
        let table = token.f32("embedding", count: token.count)
        let places = position?.f32("embedding", count: position?.count ?? 0)
        let sequence = ids.shape.width
        // Whole samples, since a row's place in the sequence counts from the first.
        threads.split(ids.shape.rows, of: sequence * width) { part in
            let first = part.lowerBound * sequence
            ck_embedding(
                y.dtype.kernel, values + first, table, places, scale, output + first * width * y.dtype.size,
                part.count * sequence, sequence, width)
        }
    }

    public func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, dposition: Tensor?, scale: Float) {
        let width = dtoken.shape.width
        let values = checkedIDs(ids, vocabulary: dtoken.shape.rows, position: dposition)
        ck_embedding_backward(
            dy.dtype.kernel, values, dy.floats("embeddingBackward", dy.dtype, count: ids.count * width),
            dtoken.f32("embeddingBackward", count: dtoken.count),
            dposition?.f32("embeddingBackward", count: dposition?.count ?? 0), scale, ids.count, ids.shape.width, width)
    }

    /// Data is checked where it is read; here an id outside the table would be memory outside it.
    private func checkedIDs(
        _ ids: Tensor, vocabulary: Int, position: Tensor?
    ) -> UnsafeMutablePointer<Int32> {
        let values = ids.i32("embedding", count: ids.count)
        let bad = ck_first_outside(values, ids.count, Int64(vocabulary), .min)
        precondition(bad < 0, "embedding: id \(values[max(bad, 0)]) at \(bad) is outside 0 ..< \(vocabulary)")
        if let position {
            precondition(
                position.shape.rows >= ids.shape.width,
                "embedding: \(position.shape.rows) positions for a sequence of \(ids.shape.width)")
        }
        return values
    }
}
