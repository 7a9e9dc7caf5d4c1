import Tensors

/// One random stream of masks inside a layer.
///
/// A model spaces its layers' keys by 8, so that a layer may draw from `key.layer + 0 … 7`.
struct DropoutStream {
    let probability: Double
    /// The stream's number inside its layer.
    var index: UInt32 = 0

    /// Whether anything is dropped at all.
    func isActive(_ frame: LayerFrame) -> Bool { frame.isTraining && probability > 0 }

    /// y = x · mask / (1 − p). x, y: [batch, …, width]; called on a gradient it applies the forward pass's mask.
    /// - Parameter columns: which channels x has, where a shard has some of them; nil: all.
    func apply(
        _ x: Tensor, into y: Tensor, _ frame: LayerFrame, columns: ProductPart? = nil, on backend: any Backend
    ) {
        var key = frame.key
        key.layer &+= index
        let x = x.shape.rank == 1 ? x.reshaped([x.count, 1]) : x
        if let columns {
            return backend.dropout(
                x, into: y.reshaped(x.shape), probability: Float(probability), key: key,
                rowsPerSample: x.shape.rows / x.shape[0], columns: columns.first..<columns.first + x.shape.width,
                of: columns.whole)
        }
        backend.dropout(
            x, into: y.reshaped(x.shape), probability: Float(probability), key: key,
            rowsPerSample: x.shape.rows / x.shape[0])
    }
}
