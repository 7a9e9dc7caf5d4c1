internal import Layers
internal import Notation
internal import Tensors

extension Family {
    /// GPT-2 (Radford et al., 2019): learnt positions, LayerNorm, weights stored [inputs, outputs].
    static let gpt2 = Family(name: "gpt2") { configuration throws(ManifestError) in
        let gpt2 = try GPT2(configuration)
        return Description(
            model: gpt2.model(at: configuration.mark), vocabulary: gpt2.vocabulary, contextLength: gpt2.positions,
            usualTokens: UsualTokens(begin: 50_256, end: [50_256]),
            notes: try configuration.undroppedAttention("attn_pdrop", usual: 0.1))
    }
}

/// A GPT-2's settings.
struct GPT2 {
    let vocabulary: Int
    let positions: Int
    let width: Int
    let hidden: Int
    let epsilon: Double
    let activation: Activation
    let embeddingDropout: Double
    let residualDropout: Double
    let isTied: Bool
    let attentions: [Attention]

    /// The keys have two names each; transformers prefers the general one.
    init(_ configuration: Configuration) throws(ManifestError) {
        func key(_ general: String, _ own: String) -> String { configuration.has(general) ? general : own }
        vocabulary = try configuration.whole("vocab_size", Configuration.extent, usual: 50_257)
        positions = try configuration.whole(
            key("max_position_embeddings", "n_positions"), Configuration.extent, usual: 1024)
        width = try configuration.whole(key("hidden_size", "n_embd"), Configuration.extent, usual: 768)
        let inner = configuration["n_inner"] == nil ? nil : try configuration.whole("n_inner", Configuration.extent)
        hidden = inner ?? 4 * width
        epsilon = try configuration.number("layer_norm_epsilon", usual: 1e-5)
        activation = try configuration.activation("activation_function", usual: "gelu_new")
        embeddingDropout = try configuration.dropout("embd_pdrop", usual: 0.1)
        residualDropout = try configuration.dropout("resid_pdrop", usual: 0.1)
        isTied = try configuration.flag("tie_word_embeddings", usual: true)
        let heads = try configuration.whole(key("num_attention_heads", "n_head"), Configuration.heads, usual: 12)
        let blocks = try configuration.whole(key("num_hidden_layers", "n_layer"), Configuration.blocks, usual: 12)
        try configuration.requireLayerTypes(.full, of: "gpt2", blocks)
        let byBlock = try configuration.flag("scale_attn_by_inverse_layer_idx", usual: false)
        let byWidth = try configuration.flag("scale_attn_weights", usual: true)
        let width = width
        attentions = (0..<blocks).map { block in
            let scale = byWidth ? 1 / Double(max(width / heads, 1)).squareRoot() : 1
            let isUsual = byWidth && !byBlock
            return Attention(
                width: width, heads: heads, scale: isUsual ? nil : byBlock ? scale / Double(block + 1) : scale)
        }
    }

    func model(at mark: Mark) -> MappedModel {
        var layers = MappedLayers(at: mark)
        let (tokens, head) = ("transformer.wte", "lm_head")
        layers.add(
            Embedding(vocab: vocabulary, width: width, positions: positions),
            [
                "token": [Module(tokens, rows: vocabulary, aliases: isTied ? [head] : [])],
                "position": [Module("transformer.wpe", rows: positions)],
            ])
        let token = layers.name("token.weight")
        addDropout(embeddingDropout, to: &layers)
        for (index, attention) in attentions.enumerated() {
            write(attention, "transformer.h.\(index)", to: &layers)
        }
        layers.add(norm, ["": [Module("transformer.ln_f", rows: width)]])
        layers.add(
            Linear(inputs: width, outputs: vocabulary, bias: false),
            ["": [Module(isTied ? tokens : head, rows: vocabulary, aliases: isTied ? [head] : [])]])
        return MappedModel(
            layers, ties: isTied ? [[token, layers.name("weight")]] : [], prefixes: ["transformer."],
            ignored: [".attn.bias", ".attn.masked_bias"], at: mark)
    }

    private var norm: LayerNorm { LayerNorm(width: width, epsilon: epsilon) }

    private func write(_ attention: Attention, _ name: String, to layers: inout MappedLayers) {
        layers.residual { layers in
            layers.add(norm, ["": [Module("\(name).ln_1", rows: width)]])
            layers.add(
                attention,
                [
                    "qkv": [Module("\(name).attn.c_attn", rows: 3 * width, isTransposed: true)],
                    "out": [Module("\(name).attn.c_proj", rows: width, isTransposed: true)],
                ])
            addDropout(residualDropout, to: &layers)
        }
        layers.residual { layers in
            layers.add(norm, ["": [Module("\(name).ln_2", rows: width)]])
            layers.add(
                Linear(inputs: width, outputs: hidden),
                ["": [Module("\(name).mlp.c_fc", rows: hidden, isTransposed: true)]])
            layers.add(activation)
            layers.add(
                Linear(inputs: hidden, outputs: width),
                ["": [Module("\(name).mlp.c_proj", rows: width, isTransposed: true)]])
            addDropout(residualDropout, to: &layers)
        }
    }

    private func addDropout(_ probability: Double, to layers: inout MappedLayers) {
        if probability > 0 { layers.add(Dropout(probability: probability)) }
    }
}

extension MappedLayers {
    /// The layer of a function.
    mutating func add(_ activation: Activation) {
        switch activation {
        case .geluTanh: add(GELU(.tanh))
        case .geluErf: add(GELU(.erf))
        case .relu: add(ReLU())
        case .silu: add(SiLU())
        case .tanh: add(Tanh())
        case .sigmoid: add(Sigmoid())
        }
    }
}

extension Configuration {
    func dropout(_ key: String, usual: Double) throws(ManifestError) -> Double {
        try number(key, usual: usual, "of at least 0, below 1") { (0..<1).contains($0) }
    }

    /// A sentence where attention's weights would be dropped in training: what no kernel of ours does.
    func undroppedAttention(_ key: String, usual: Double = 0) throws(ManifestError) -> [String] {
        guard self[key] != nil || !has(key) else { return [] }
        let probability = try dropout(key, usual: usual)
        guard probability > 0 else { return [] }
        return [
            "\(key) is \(probability)\(has(key) ? "" : ", where config.json has no such key"): attention's weights are not "
                + "dropped in training, as with \(key): 0"
        ]
    }
}
