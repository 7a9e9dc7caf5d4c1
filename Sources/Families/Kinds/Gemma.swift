internal import Layers
internal import Notation

extension Family {
    /// Gemma 3's language model (arXiv 2503.19786): five layers of six see a window and turn by a base of their own; norms
    /// before and behind attention and MLP; tokens' vectors are multiplied by √width.
    static let gemma3 = Family(name: "gemma3_text") { configuration throws(ManifestError) in
        var gemma = try LlamaSettings(
            configuration,
            usual: .init(
                vocabulary: 262_208, width: 2304, hidden: 9216, blocks: 26, heads: 8, keyHeads: 4, headWidth: 256,
                context: 131_072, isTied: true, activationKey: "hidden_activation", activation: "gelu_pytorch_tanh"))
        gemma.decoder.unitOffset = true
        gemma.decoder.embeddingScale = Double(gemma.width).squareRoot()
        gemma.decoder.hasOutputNorms = true
        gemma.bias = try configuration.flag("attention_bias", usual: false) ? .all : .none
        gemma.hasHeadNorm = true
        gemma.scale = 1 / (try configuration.number("query_pre_attn_scalar", usual: 256)).squareRoot()
        if configuration["final_logit_softcapping"] != nil {
            gemma.decoder.softcap = try configuration.number("final_logit_softcapping")
        }
        gemma.window = configuration.has("sliding_window") ? try configuration.window("sliding_window") : 4096
        let attentions = try gemma.attentions(configuration)
        let tokens = UsualTokens(begin: 2, end: [1], padding: 0)
        return try gemma.description(configuration, tokens, attentions: attentions) { block, index in
            let name = "model.layers.\(index)"
            block.attentionOutputNorm = "\(name).post_attention_layernorm"
            block.mlpNorm = "\(name).pre_feedforward_layernorm"
            block.mlpOutputNorm = "\(name).post_feedforward_layernorm"
        }
    }
}

extension LlamaSettings {
    fileprivate func attentions(_ configuration: Configuration) throws(ManifestError) -> [Attention] {
        let period = try configuration.whole("sliding_window_pattern", 1...Limit.extent, usual: 6)
        let types = try configuration.layerTypes(blocks) { ($0 + 1).isMultiple(of: period) ? .full : .sliding }
        if window == nil, types.contains(.sliding) {
            throw ManifestError(
                at: configuration.mark, found: "layers of the type sliding_attention, and sliding_window is null",
                expected: "a number")
        }
        var rotaries: [LayerType: Rotary] = [:]
        for type in LayerType.allCases where types.contains(type) {
            rotaries[type] = try configuration.rotary(
                of: type, RotaryRules(headWidth: headWidth, contextLength: contextLength))
        }
        return types.map { attention(rotaries[$0] ?? Rotary(), $0) }
    }
}

extension Configuration {
    /// The rotation of one type of layers. Newer files have `rope_parameters` for each; in older ones `rope_theta` and
    /// `rope_scaling` are those of full attention, `rope_local_base_freq` that of a window.
    fileprivate func rotary(of type: LayerType, _ rules: RotaryRules) throws(ManifestError) -> Rotary {
        let both = try mapping("rope_parameters")
        for flat in ["rope_theta", "rope_type", "type"] {
            guard let field = both?[flat] else { continue }
            throw field.error("\(field.path) beside the types of layers", expected: "full_attention, sliding_attention")
        }
        var rules = rules
        if type == .full {
            rules.base = try number("rope_theta", usual: 1e6, "above 1") { $0 > 1 }
        } else {
            rules.base = try number("rope_local_base_freq", usual: 1e4, "above 1") { $0 > 1 }
        }
        let settings = try both?.mapping(type.rawValue)
        guard type == .full, let scaling = try mapping("rope_scaling") else {
            return try settings?.rotary(settings: rules, share: nil) ?? Rotary(base: rules.base)
        }
        guard scaling["rope_type"] != nil || scaling["type"] == nil else {
            throw try scaling.required("type").error(expected: "rope_type, as gemma3_text reads it")
        }
        return try scaling.over(settings).rotary(settings: rules, share: nil)
    }

    /// These settings, and those of the other that they do not have.
    private func over(_ other: Configuration?) throws(ManifestError) -> Configuration {
        guard case .mapping(let own) = root.node.content, case .mapping(let others)? = other?.root.node.content else {
            return self
        }
        let entries = own + others.filter { !has($0.key) }
        let node = YAMLNode(content: .mapping(entries), mark: root.node.mark)
        return try Configuration(Field(node: node, path: root.path))
    }
}
