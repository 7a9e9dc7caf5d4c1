internal import Layers

/// What the modules of a decoder are called in a family's files.
struct DecoderNames {
    var embedding = "model.embed_tokens"
    var norm = "model.norm"
    var head = "lm_head"
    var prefixes = ["model."]
    var block: (Int) -> Block

    /// Of one block. Norms that a family does not have keep names that nobody reads.
    struct Block {
        var attentionNorm: String
        /// q over k over v.
        var qkv: [Module]
        var queryNorm = ""
        var keyNorm = ""
        var out: String
        var attentionOutputNorm = ""
        var mlpNorm: String
        var gate: Module
        var up: Module
        var down: String
        var mlpOutputNorm = ""
    }
}

extension DecoderNames.Block {
    /// As transformers calls a Llama's, which later families took over.
    init(llama index: Int, _ attention: Attention, hidden: Int) {
        let name = "model.layers.\(index)"
        self.init(
            attentionNorm: "\(name).input_layernorm",
            qkv: Self.qkv(
                attention, "\(name).self_attn.q_proj", "\(name).self_attn.k_proj", "\(name).self_attn.v_proj"),
            queryNorm: "\(name).self_attn.q_norm", keyNorm: "\(name).self_attn.k_norm",
            out: "\(name).self_attn.o_proj", mlpNorm: "\(name).post_attention_layernorm",
            gate: Module("\(name).mlp.gate_proj", rows: hidden), up: Module("\(name).mlp.up_proj", rows: hidden),
            down: "\(name).mlp.down_proj")
    }

    /// Three modules, one for each of q, k and v.
    static func qkv(_ attention: Attention, _ query: String, _ key: String, _ value: String) -> [Module] {
        let (queries, keys) = (attention.heads * attention.headWidth, attention.keyHeads * attention.headWidth)
        return [Module(query, rows: queries), Module(key, rows: keys), Module(value, rows: keys)]
    }

    /// One module that holds q, k and v of the first head, then those of the second, and so on.
    static func qkv(ofEachHead name: String, heads: Int, headWidth: Int) -> [Module] {
        (0..<3).flatMap { part in
            (0..<heads).map { head in
                let start = (3 * head + part) * headWidth
                return Module(name, rows: start..<start + headWidth)
            }
        }
    }

    /// Gate above up, in one module.
    mutating func fuseGate(_ name: String, hidden: Int) {
        gate = Module(name, rows: 0..<hidden)
        up = Module(name, rows: hidden..<2 * hidden)
    }
}
