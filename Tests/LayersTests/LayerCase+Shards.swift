import Layers
import Tensors

extension LayerCase {
    /// One shard's part of layers: of two or of three. Where the first one's product has the bias of all, it is the first.
    static let shards: [LayerCase] = [
        shard("shard-of-linear-outputs", Linear(inputs: 21, outputs: 35), .outputs, 1, of: 3, [2, 7, 21]),
        shard("shard-of-linear-inputs", Linear(inputs: 41, outputs: 19), .inputs, 0, of: 2, [2, 7, 21]),
        shard("shard-of-embedding", Embedding(vocab: 19, width: 21, positions: 8), .vocabulary, 0, of: 2, [2, 7]),
        shard("shard-of-dropout", Dropout(probability: 0.3), .channels(of: 41), 1, of: 2, [3, 5, 20]),
        shard("shard-of-gated-mlp", GatedMLP(width: 16, hidden: 43, bias: true), .inside, 0, of: 3, [2, 7, 16]),
        shard(
            "shard-of-attention",
            Attention(width: 24, heads: 8, keyHeads: 4, rotary: Rotary(width: 2), headNorm: HeadNorm()), .inside, 0,
            of: 2, [2, 7, 24]),
        shard(
            "shard-of-transformer", Transformer(width: 24, heads: 4, hidden: 37, norm: .rmsNorm), .inside, 0, of: 2,
            [2, 7, 24]),
        shard(
            "shard-of-transformer-with-adapters-and-dropout",
            Transformer(width: 12, heads: 4, hidden: 21, dropout: 0.25).adapting([
                Adapter("attention.qkv", product: 0, rows: 0..<36, rank: 2, scale: 2, dropout: 0.25),
                Adapter("attention.out", product: 1, rows: 0..<12, rank: 2, scale: 2, dropout: 0.25),
                Adapter("mlp.up", product: 2, rows: 0..<21, rank: 2, scale: 2),
                Adapter("mlp.down", product: 3, rows: 0..<12, rank: 2, scale: 2, dropout: 0.25),
            ]), .inside, 0, of: 2, [2, 5, 12]),
    ].compactMap { $0 }

    private static func shard(
        _ name: String, _ layer: some Layer, _ split: LayerSplit, _ index: Int, of count: Int, _ shape: Shape
    ) -> LayerCase? {
        guard let part = try? layer.sharded(TensorShard(index: index, count: count), split) else { return nil }
        return LayerCase(name, part, shape)
    }
}
