internal import Layers
internal import Models
internal import Notation

extension Family {
    /// ChatGLM-6B, or ChatGLM2 and 3: three generations under one name, told apart by the keys that each has.
    static let chatGLM = Family(name: "chatglm") { configuration throws(ManifestError) in
        if configuration.has("multi_query_attention") || configuration.has("padded_vocab_size") {
            return try ChatGLM2(configuration).description(configuration)
        }
        if configuration.has("position_encoding_2d") || configuration.has("inner_hidden_size") {
            return try ChatGLM1(configuration).description(configuration)
        }
        throw ManifestError(
            at: configuration.mark, found: "a chatglm of no known generation",
            expected: "padded_vocab_size (ChatGLM2 and 3) or inner_hidden_size (ChatGLM-6B)")
    }
}

/// ChatGLM-6B's settings: a prefix language model of LayerNorm, attention with two positions, and a plain MLP.
struct ChatGLM1 {
    private let vocabulary: Int
    private let width: Int
    private let hidden: Int
    private let blocks: Int
    private let heads: Int
    private let epsilon: Double
    private let start: Int
    private let marks: [Int]
    private let isTied: Bool
    private let contextLength: Int

    /// √(2 · 28): the published code takes 28 for the number of layers, whatever `num_layers` says.
    private static let residualScale = 56.0.squareRoot()
    /// That of March 2023, whose code counted positions behind the mark in another way.
    private static let oldVocabulary = 150_528

    init(_ configuration: Configuration) throws(ManifestError) {
        vocabulary = try configuration.whole("vocab_size", Configuration.extent)
        if vocabulary == Self.oldVocabulary {
            throw try configuration.required("vocab_size").error(
                "vocab_size is \(vocabulary): files of March 2023, whose code counts positions in another way",
                expected: "the files that replaced them, of vocab_size 130528")
        }
        width = try configuration.whole("hidden_size", Configuration.extent, usual: 4096)
        hidden = try configuration.whole("inner_hidden_size", Configuration.extent, usual: 16_384)
        blocks = try configuration.whole("num_layers", Configuration.blocks, usual: 28)
        heads = try configuration.whole("num_attention_heads", Configuration.heads, usual: 32)
        epsilon = try configuration.number("layernorm_epsilon", usual: 1e-5)
        contextLength = try configuration.whole("max_sequence_length", Configuration.extent, usual: 2048)
        let ids = 0...vocabulary - 1
        start = try configuration.whole("bos_token_id", ids)
        marks = [try configuration.whole("gmask_token_id", ids), try configuration.whole("mask_token_id", ids)]
        isTied = try configuration.flag("tie_word_embeddings", usual: true)
        guard try configuration.flag("position_encoding_2d", usual: true) else {
            throw try configuration.required("position_encoding_2d").error(expected: "true")
        }
    }

    func description(_ configuration: Configuration) -> Family.Description {
        Family.Description(model: model(at: configuration.mark), vocabulary: vocabulary, contextLength: contextLength)
    }

    private func model(at mark: Mark) -> MappedModel {
        var layers = MappedLayers(at: mark)
        let (tokens, head) = ("transformer.word_embeddings", "lm_head")
        layers.add(Stash("ids"))
        layers.add(PrefixPositions(start: start, marks: marks))
        layers.add(Stash("positions"))
        layers.add(Pop("ids"))
        layers.add(Select(1))
        layers.add(
            Embedding(vocab: vocabulary, width: width),
            ["token": [Module(tokens, rows: vocabulary, aliases: isTied ? [head] : [])]])
        let token = layers.name("token.weight")
        for index in 0..<blocks { writeBlock("transformer.layers.\(index)", to: &layers) }
        layers.add(norm, ["": [Module("transformer.final_layernorm", rows: width)]])
        layers.add(
            Linear(inputs: width, outputs: vocabulary, bias: false),
            ["": [Module(isTied ? tokens : head, rows: vocabulary, aliases: isTied ? [head] : [])]])
        return MappedModel(
            layers, ties: isTied ? [[token, layers.name("weight")]] : [], prefixes: ["transformer."],
            copies: isTied ? ["\(head).weight": "\(tokens).weight"] : [:], at: mark)
    }

    private var norm: LayerNorm { LayerNorm(width: width, epsilon: epsilon) }

    /// What is added to each branch is its input behind the norm, scaled.
    private func writeBlock(_ name: String, to layers: inout MappedLayers) {
        layers.add(norm, ["": [Module("\(name).input_layernorm", rows: width)]])
        layers.residual(scale: Self.residualScale) { layers in
            layers.add(Pop("positions"))
            layers.add(
                Attention(width: width, heads: heads, rotary: Rotary(planes: 2, rounded: true)),
                [
                    "qkv": DecoderNames.Block.qkv(
                        ofEachHead: "\(name).attention.query_key_value", heads: heads, headWidth: width / heads),
                    "out": [Module("\(name).attention.dense", rows: width)],
                ])
        }
        layers.add(norm, ["": [Module("\(name).post_attention_layernorm", rows: width)]])
        layers.residual(scale: Self.residualScale) { layers in
            layers.add(
                Linear(inputs: width, outputs: hidden), ["": [Module("\(name).mlp.dense_h_to_4h", rows: hidden)]])
            layers.add(GELU(.tanh))
            layers.add(
                Linear(inputs: hidden, outputs: width), ["": [Module("\(name).mlp.dense_4h_to_h", rows: width)]])
        }
    }
}
