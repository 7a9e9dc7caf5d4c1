internal import Layers
internal import Notation
import Tensors

extension Family {
    /// GLM-4-9B (arXiv 2406.12793) as transformers stores it: half of a head turns, neighbours as pairs; gate and up are
    /// one tensor.
    static let glm = Family(name: "glm") { configuration throws(ManifestError) in
        try LlamaSettings(glm: configuration).glmDescription(configuration)
    }

    /// GLM-4-0414: the same with a second norm behind attention and MLP.
    static let glm4 = Family(name: "glm4") { configuration throws(ManifestError) in
        var glm = try LlamaSettings(glm: configuration)
        glm.decoder.hasOutputNorms = true
        return try glm.glmDescription(configuration)
    }
}

extension LlamaSettings {
    fileprivate init(glm configuration: Configuration) throws(ManifestError) {
        try self.init(
            configuration,
            usual: .init(
                vocabulary: 151_552, width: 4096, hidden: 13_696, blocks: 40, keyHeads: 2, headWidth: 128,
                context: 131_072, epsilon: 1.5625e-7))
        bias = try configuration.flag("attention_bias", usual: true) ? .qkv : .none
        pairs = .neighbours
        rotaryShare = 0.5
    }

    fileprivate func glmDescription(_ configuration: Configuration) throws(ManifestError) -> Family.Description {
        try configuration.requireLayerTypes(.full, of: "glm", blocks)
        let tokens = Family.UsualTokens(end: [151_329, 151_336, 151_338], padding: 151_329)
        let types = Array(repeating: LayerType.full, count: blocks)
        return try description(configuration, tokens, types: types) { block, index in
            let name = "model.layers.\(index)"
            block.fuseGate("\(name).mlp.gate_up_proj", hidden: hidden)
            block.attentionOutputNorm = "\(name).post_self_attn_layernorm"
            block.mlpOutputNorm = "\(name).post_mlp_layernorm"
        }
    }
}
