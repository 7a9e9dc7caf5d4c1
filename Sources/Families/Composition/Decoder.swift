internal import Checkpoints
internal import Layers
internal import Models
internal import Notation
internal import Tensors

/// A decoder as most families have it: blocks of a norm and attention, then a norm and a gated MLP, each added to what
/// came in; a norm; a head.
struct Decoder {
    var vocabulary: Int
    var width: Int
    /// Channels inside the MLP.
    var hidden: Int
    /// Of every norm.
    var epsilon: Double
    /// Whether norms multiply by 1 + weight.
    var unitOffset = false
    /// What tokens' vectors are multiplied by.
    var embeddingScale = 1.0
    /// The token whose vector gets no gradient.
    var padding: Int?
    /// Of each block.
    var attentions: [Attention]
    var activation: Activation
    /// Whether the MLP's products add biases.
    var hasMLPBias = false
    /// Whether a second norm follows attention and MLP.
    var hasOutputNorms = false
    /// Bounds the logits.
    var softcap: Double?
    /// Whether the head's weights are the tokens' vectors.
    var isTied: Bool

    /// Its layers, and where their parameters lie in files of these names.
    func model(_ names: DecoderNames, at mark: Mark) -> MappedModel {
        var layers = MappedLayers(at: mark)
        let (embedding, head) = (names.embedding, names.head)
        layers.add(
            Embedding(vocab: vocabulary, width: width, scale: embeddingScale, padding: padding),
            ["token": [Module(embedding, rows: vocabulary, aliases: isTied ? [head] : [])]])
        let token = layers.name("token.weight")
        for (index, attention) in attentions.enumerated() {
            write(attention, names.block(index), to: &layers)
        }
        layers.add(norm, ["": [Module(names.norm, rows: width)]])
        layers.add(
            Linear(inputs: width, outputs: vocabulary, bias: false),
            ["": [Module(isTied ? embedding : head, rows: vocabulary, aliases: isTied ? [head] : [])]])
        let ties = isTied ? [[token, layers.name("weight")]] : []
        if let softcap { layers.add(Softcap(softcap)) }
        return MappedModel(layers, ties: ties, prefixes: names.prefixes, at: mark)
    }

    private var norm: RMSNorm { RMSNorm(width: width, epsilon: epsilon, unitOffset: unitOffset) }

    private func write(_ attention: Attention, _ names: DecoderNames.Block, to layers: inout MappedLayers) {
        layers.residual { layers in
            layers.add(norm, ["": [Module(names.attentionNorm, rows: width)]])
            layers.add(
                attention,
                [
                    "qkv": names.qkv, "query_norm": [Module(names.queryNorm, rows: attention.headWidth)],
                    "key_norm": [Module(names.keyNorm, rows: attention.headWidth)],
                    "out": [Module(names.out, rows: width)],
                ])
            if hasOutputNorms { layers.add(norm, ["": [Module(names.attentionOutputNorm, rows: width)]]) }
        }
        layers.residual { layers in
            layers.add(norm, ["": [Module(names.mlpNorm, rows: width)]])
            layers.add(
                GatedMLP(width: width, hidden: hidden, activation: activation, bias: hasMLPBias),
                ["gate": [names.gate], "up": [names.up], "down": [Module(names.down, rows: width)]])
            if hasOutputNorms { layers.add(norm, ["": [Module(names.mlpOutputNorm, rows: width)]]) }
        }
    }
}
