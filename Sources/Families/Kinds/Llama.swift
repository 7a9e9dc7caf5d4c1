internal import Layers
internal import Notation
import Tensors

extension Family {
    /// Llama 1 to 3 (Touvron et al., arXiv 2302.13971), and what shares its form.
    static let llama = Family(name: "llama") { configuration throws(ManifestError) in
        var llama = try LlamaSettings(
            configuration, usual: .init(vocabulary: 32_000, width: 4096, hidden: 11_008, context: 2048))
        llama.bias = try configuration.flag("attention_bias", usual: false) ? .all : .none
        llama.hasMLPBias = try configuration.flag("mlp_bias", usual: false)
        try configuration.requireLayerTypes(.full, of: "llama", llama.blocks)
        return try llama.description(
            configuration, UsualTokens(begin: 1, end: [2]), types: Array(repeating: .full, count: llama.blocks))
    }

    /// Mistral 7B and later ones (Jiang et al., arXiv 2310.06825): a window over all layers. Without the key, 4096.
    static let mistral = Family(name: "mistral") { configuration throws(ManifestError) in
        var mistral = try LlamaSettings(
            configuration,
            usual: .init(vocabulary: 32_000, width: 4096, hidden: 14_336, keyHeads: 8, context: 131_072))
        let isUsual = !configuration.has("sliding_window")
        mistral.window = isUsual ? 4096 : try configuration.window("sliding_window")
        let type = mistral.window == nil ? LayerType.full : .sliding
        try configuration.requireLayerTypes(type, of: "mistral", mistral.blocks)
        return try mistral.description(
            configuration, UsualTokens(begin: 1, end: [2]), types: Array(repeating: type, count: mistral.blocks))
    }
}

/// What Llama's form leaves to a configuration.
struct LlamaSettings {
    /// What a family means where a key is absent.
    struct Usual {
        var vocabulary: Int
        var width: Int
        var hidden: Int
        var blocks = 32
        var heads = 32
        var keyHeads: Int?
        var headWidth: Int?
        var context: Int
        var epsilon = 1e-6
        var isTied = false
        var activationKey = "hidden_act"
        var activation = "silu"
    }

    let vocabulary: Int
    let width: Int
    let hidden: Int
    let blocks: Int
    let heads: Int
    let keyHeads: Int
    let headWidth: Int
    let contextLength: Int
    var decoder: Decoder
    var bias = AttentionBias.none
    var hasHeadNorm = false
    var scale: Double?
    /// Of layers that have one.
    var window: Int?
    /// What turns; the share of a head that does where a configuration does not say, for families that turn a part.
    var pairs = Rotary.Pairs.halves
    var rotaryShare: Double?

    var hasMLPBias: Bool {
        get { decoder.hasMLPBias }
        set { decoder.hasMLPBias = newValue }
    }

    init(_ configuration: Configuration, usual: Usual) throws(ManifestError) {
        vocabulary = try configuration.whole("vocab_size", Configuration.extent, usual: usual.vocabulary)
        width = try configuration.whole("hidden_size", Configuration.extent, usual: usual.width)
        hidden = try configuration.whole("intermediate_size", Configuration.extent, usual: usual.hidden)
        blocks = try configuration.whole("num_hidden_layers", Configuration.blocks, usual: usual.blocks)
        heads = try configuration.whole("num_attention_heads", Configuration.heads, usual: usual.heads)
        keyHeads = try configuration.keyHeads(of: heads, usual: usual.keyHeads)
        headWidth = try configuration.headWidth(width, heads: heads, usual: usual.headWidth)
        contextLength = try configuration.whole("max_position_embeddings", Configuration.extent, usual: usual.context)
        decoder = Decoder(
            vocabulary: vocabulary, width: width, hidden: hidden,
            epsilon: try configuration.number("rms_norm_eps", usual: usual.epsilon), attentions: [],
            activation: try configuration.activation(usual.activationKey, usual: usual.activation),
            isTied: try configuration.flag("tie_word_embeddings", usual: usual.isTied))
    }

    /// Attention of a layer.
    func attention(_ rotary: Rotary, _ type: LayerType) -> Attention {
        let isEqualShare = width == heads * headWidth
        return Attention(
            width: width, heads: heads, keyHeads: keyHeads == heads ? nil : keyHeads,
            headWidth: isEqualShare ? nil : headWidth, bias: bias, rotary: rotary,
            headNorm: hasHeadNorm ? HeadNorm(epsilon: decoder.epsilon, unitOffset: decoder.unitOffset) : nil,
            window: type == .sliding ? window : nil, scale: scale)
    }

    /// The model with one rotation for all layers, in files that have Llama's names.
    /// - Parameter rename: what a family calls otherwise.
    func description(
        _ configuration: Configuration, _ tokens: Family.UsualTokens, types: [LayerType],
        rename: @escaping (inout DecoderNames.Block, Int) -> Void = { _, _ in }
    ) throws(ManifestError) -> Family.Description {
        let rotary = try configuration.rotary(
            RotaryRules(headWidth: headWidth, contextLength: contextLength, pairs: pairs, share: rotaryShare))
        return try description(
            configuration, tokens, attentions: types.map { attention(rotary, $0) }, rename: rename)
    }

    /// The model with these attentions.
    func description(
        _ configuration: Configuration, _ tokens: Family.UsualTokens, attentions: [Attention],
        rename: @escaping (inout DecoderNames.Block, Int) -> Void = { _, _ in }
    ) throws(ManifestError) -> Family.Description {
        var decoder = decoder
        decoder.attentions = attentions
        decoder.padding = try configuration.paddingRow(vocabulary: vocabulary, usual: tokens.padding)
        let names = DecoderNames { index in
            var block = DecoderNames.Block(llama: index, attentions[index], hidden: hidden)
            rename(&block, index)
            return block
        }
        return Family.Description(
            model: decoder.model(names, at: configuration.mark), vocabulary: vocabulary,
            contextLength: contextLength, usualTokens: tokens,
            notes: try configuration.undroppedAttention("attention_dropout"))
    }
}

extension Configuration {
    /// How many positions a token sees; nil: all earlier ones.
    func window(_ key: String) throws(ManifestError) -> Int? {
        self[key] == nil ? nil : try whole(key, Configuration.extent)
    }

    /// The row of the tokens' vectors that gets no gradient: that of the padding token, as torch.nn.Embedding has it. One
    /// below 0 counts from the end, as there.
    func paddingRow(vocabulary: Int, usual: Int?) throws(ManifestError) -> Int? {
        let range = -Limit.extent...Limit.count
        let given = try self["pad_token_id"].map { field throws(ManifestError) in try field.int(range) }
        guard let id = has("pad_token_id") ? given : usual else { return nil }
        let row = id < 0 ? vocabulary + id : id
        return (0..<vocabulary).contains(row) ? row : nil
    }
}
