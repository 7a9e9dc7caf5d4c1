internal import Checkpoints

/// Where a GGUF file holds what Hugging Face's files hold: other names, and a Llama's q and k with their rows in another
/// order.
struct GGUFNames {
    /// Whether the numbers of a rotary pair lie side by side, as llama.cpp turns a Llama's: 2i and 2i + 1, where Hugging
    /// Face has i and i + headWidth / 2.
    var hasPairsSideBySide: Bool
    var headWidth: Int

    /// A map of the family's own names, as one of a GGUF file's.
    func map(_ tensors: TensorMap) -> TensorMap {
        TensorMap(tensors.parameters.map(parameter), ignored: ["rope_freqs.weight"])
    }

    private func parameter(_ parameter: StoredParameter) -> StoredParameter {
        StoredParameter(parameter.name, parameter.shape, parts: parameter.parts.flatMap(parts))
    }

    private func parts(_ part: StoredParameter.Part) -> [StoredParameter.Part] {
        let name = Self.name(part.tensor)
        let isTurned = [".attn_q.weight", ".attn_k.weight", ".attn_q.bias", ".attn_k.bias"].contains(
            where: name.hasSuffix)
        guard hasPairsSideBySide, isTurned else {
            return [StoredParameter.Part(name, rows: part.rows)]
        }
        return stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: headWidth).flatMap { head in
            (0..<2).map { StoredParameter.Part(name, rows: head + $0..<head + headWidth, stride: 2) }
        }
    }

    /// `model.layers.3.self_attn.q_proj.weight` → `blk.3.attn_q.weight`
    private static func name(_ tensor: String) -> String {
        let parts = tensor.split(separator: ".")
        guard parts.count > 3, parts[1] == "layers" else { return outer[tensor] ?? tensor }
        let module = parts[3..<parts.count - 1].joined(separator: ".")
        return "blk.\(parts[2]).\(inner[module] ?? module).\(parts[parts.count - 1])"
    }

    private static let outer = [
        "model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    ]
    private static let inner = [
        "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    ]
}
