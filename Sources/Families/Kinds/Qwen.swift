internal import Layers
internal import Notation

extension Family {
    /// Qwen2 and Qwen2.5 (arXiv 2407.10671): biases of q, k and v alone.
    static let qwen2 = Family(name: "qwen2") { configuration throws(ManifestError) in
        var qwen = try LlamaSettings(
            configuration,
            usual: .init(vocabulary: 151_936, width: 4096, hidden: 22_016, keyHeads: 32, context: 32_768))
        qwen.bias = .qkv
        return try qwen.windowed(configuration)
    }

    /// Qwen3 (arXiv 2505.09388): RMSNorm of each head's q and k; heads of any width.
    static let qwen3 = Family(name: "qwen3") { configuration throws(ManifestError) in
        var qwen = try LlamaSettings(
            configuration,
            usual: .init(
                vocabulary: 151_936, width: 4096, hidden: 22_016, keyHeads: 32, headWidth: 128, context: 32_768))
        qwen.bias = try configuration.flag("attention_bias", usual: false) ? .all : .none
        qwen.hasHeadNorm = true
        return try qwen.windowed(configuration)
    }
}

extension LlamaSettings {
    /// The window stands in most files and counts only with `use_sliding_window`; then, unless the file lists the layers'
    /// types, from layer `max_window_layers` on.
    fileprivate func windowed(_ configuration: Configuration) throws(ManifestError) -> Family.Description {
        var settings = self
        if try configuration.flag("use_sliding_window", usual: false) {
            settings.window = configuration.has("sliding_window") ? try configuration.window("sliding_window") : 4096
        }
        let first = try configuration.whole("max_window_layers", 0...Limit.extent, usual: 28)
        let types = try configuration.layerTypes(blocks) { settings.window != nil && $0 >= first ? .sliding : .full }
        if settings.window == nil, types.contains(.sliding) {
            throw try configuration.required("layer_types").error(
                "layer_types has sliding_attention", expected: "a sliding_window, and use_sliding_window: true")
        }
        return try settings.description(configuration, Family.UsualTokens(), types: types)
    }
}
