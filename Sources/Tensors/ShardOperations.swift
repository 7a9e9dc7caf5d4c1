/// What only a shard computes, which has some channels or some rows of a vocabulary: part of every `Backend`.
public protocol ShardOperations: AnyObject {
    /// As `embedding`, where `token` holds rows `first` and those that follow it, of a larger table: rows of y whose id
    /// is none of them are 0, so that the sum over all shards is the embedding to the bit.
    func embedding(_ ids: Tensor, token: Tensor, first: Int, position: Tensor?, scale: Float, into y: Tensor)
    /// As `embeddingBackward`: dtoken gains its own rows' gradients, dposition those of all.
    func embeddingBackward(_ ids: Tensor, dy: Tensor, dtoken: Tensor, first: Int, dposition: Tensor?, scale: Float)
    /// Of logits that are those of the classes `first` and the following: into parts, f32[rows × 3], each row's maximum,
    /// Σ exp(logit − maximum), and the logit of its target, 0 where that is no class of this shard.
    func crossEntropyPart(_ logits: Tensor, targets: Tensor, first: Int, into parts: Tensor)
    /// As `crossEntropy`, of such logits, from all shards' parts: f32[shards × rows × 3].
    func crossEntropy(
        _ logits: Tensor, targets: Tensor, first: Int, parts: Tensor, ignoreIndex: Int, normaliser: Tensor,
        rowLosses: Tensor, gradientScale: Float)
    /// As `dropout`, of an x whose channels are those `columns` of rows of so many: its mask is that part of the whole's.
    func dropout(
        _ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int, columns: Range<Int>,
        of width: Int)
}
