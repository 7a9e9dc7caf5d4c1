internal import Layers
internal import Notation
internal import Systems
internal import Tensors

/// ChatGLM2's and 3's settings, also those of glm-4-9b's own files: Llama's form, half of a head turned, neighbours as
/// pairs.
struct ChatGLM2 {
    private let width: Int
    private let heads: Int
    private let headWidth: Int
    private let groups: Int
    private let isFusedByHead: Bool
    private let blocks: Int
    private let contextLength: Int
    private let bias: AttentionBias
    private let base: Double
    private let notes: [String]
    private var decoder: Decoder

    init(_ configuration: Configuration) throws(ManifestError) {
        for (key, only) in Self.only where try configuration.flag(key, usual: only) != only {
            throw try configuration.required(key).error(expected: "\(only)")
        }
        let dropout = try configuration.dropout("hidden_dropout", usual: 0)
        guard dropout == 0 else { throw try configuration.required("hidden_dropout").error(expected: "0") }
        width = try configuration.whole("hidden_size", Configuration.extent, usual: 4096)
        heads = try configuration.whole("num_attention_heads", Configuration.heads, usual: 32)
        headWidth = try configuration.whole("kv_channels", Configuration.extent, usual: 128)
        isFusedByHead = !(try configuration.flag("multi_query_attention", usual: false))
        groups = isFusedByHead ? heads : try configuration.whole("multi_query_group_num", Configuration.heads, usual: 1)
        blocks = try configuration.whole("num_layers", Configuration.blocks, usual: 28)
        contextLength = try configuration.whole("seq_length", Configuration.extent, usual: 2048)
        bias = try configuration.flag("add_qkv_bias", usual: false) ? .qkv : .none
        (base, notes) = try configuration.ropeRatio()
        decoder = Decoder(
            vocabulary: try configuration.whole("padded_vocab_size", Configuration.extent, usual: 65_024), width: width,
            hidden: try configuration.whole("ffn_hidden_size", Configuration.extent, usual: 13_696),
            epsilon: try configuration.number("layernorm_epsilon", usual: 1e-5), attentions: [], activation: .silu,
            isTied: false)
        guard headWidth.isMultiple(of: 4) else {
            throw ManifestError(
                at: configuration.mark, found: "kv_channels is \(headWidth)",
                expected: "a multiple of 4: half of each head turns, in pairs")
        }
        let attention = Attention(
            width: width, heads: heads, keyHeads: groups == heads ? nil : groups,
            headWidth: width == heads * headWidth ? nil : headWidth, bias: bias,
            rotary: Rotary(base: base, width: headWidth / 2, pairs: .neighbours))
        decoder.attentions = Array(repeating: attention, count: blocks)
    }

    /// Settings that change the computation and are the same in every published file.
    private static let only: KeyValuePairs = [
        "add_bias_linear": false, "apply_residual_connection_post_layernorm": false, "post_layer_norm": true,
        "rmsnorm": true, "original_rope": true,
    ]

    func description(_ configuration: Configuration) throws(ManifestError) -> Family.Description {
        let attention = try configuration.undroppedAttention("attention_dropout")
        return Family.Description(
            model: decoder.model(names, at: configuration.mark), vocabulary: decoder.vocabulary,
            contextLength: contextLength, usualTokens: Family.UsualTokens(end: [2], padding: 0),
            notes: notes + attention)
    }

    private var names: DecoderNames {
        DecoderNames(
            embedding: "transformer.embedding.word_embeddings", norm: "transformer.encoder.final_layernorm",
            head: "transformer.output_layer", prefixes: ["transformer."]
        ) { index in
            let name = "transformer.encoder.layers.\(index)"
            let fused = "\(name).self_attention.query_key_value"
            let whole = [Module(fused, rows: (heads + 2 * groups) * headWidth)]
            var block = DecoderNames.Block(
                attentionNorm: "\(name).input_layernorm",
                qkv: isFusedByHead
                    ? DecoderNames.Block.qkv(ofEachHead: fused, heads: heads, headWidth: headWidth) : whole,
                out: "\(name).self_attention.dense", mlpNorm: "\(name).post_attention_layernorm",
                gate: Module("", rows: 0), up: Module("", rows: 0), down: "\(name).mlp.dense_4h_to_h")
            block.fuseGate("\(name).mlp.dense_h_to_4h", hidden: decoder.hidden)
            return block
        }
    }
}

extension Configuration {
    /// The base of the rotation. ChatGLM3 and GLM-4 multiply it by `rope_ratio`; ChatGLM2-6B-32k divides positions
    /// instead, and its `config.json` looks the same: what tells them apart is the tokens of roles, which only ChatGLM3's
    /// tokenizer and later ones have.
    fileprivate func ropeRatio() throws(ManifestError) -> (base: Double, notes: [String]) {
        let ratio = try number("rope_ratio", usual: 1)
        guard ratio != 1 else { return (10_000, []) }
        let folder = root.node.mark.file.lastIndex(of: "/").map { root.node.mark.file[...$0] } ?? ""
        let texts = ["tokenizer_config.json", "tokenization_chatglm.py", "tokenizer.json", "special_tokens_map.json"]
        let present = texts.filter { File.exists(folder + $0) }
        let knowsRoles = present.contains { name in
            let bytes = try? File.read(folder + name, limit: 64 << 20)
            return bytes.map { String(decoding: $0, as: UTF8.self).contains("<|user|>") } ?? false
        }
        if knowsRoles { return (10_000 * ratio, []) }
        guard present.isEmpty, !File.exists(folder + "tokenizer.model") else {
            throw try required("rope_ratio").error(
                "rope_ratio is \(ratio), and the tokenizer beside it has no token <|user|>: ChatGLM2's files, whose "
                    + "positions it divides", expected: "1, or ChatGLM3's files")
        }
        return (
            10_000 * ratio, ["rope_ratio is \(ratio), and no tokenizer lies beside config.json: taken for ChatGLM3's"]
        )
    }
}
