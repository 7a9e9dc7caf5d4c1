internal import Notation
internal import Tensors

/// What a block's attention sees, by the field's names.
enum LayerType: String, CaseIterable {
    /// Every earlier position.
    case full = "full_attention"
    /// The latest ones.
    case sliding = "sliding_attention"
}

extension Configuration {
    /// The largest model that is believed: some times what was ever published, and small enough that the list of a
    /// hostile one takes little memory.
    static var blocks: ClosedRange<Int> { 1...512 }
    static var heads: ClosedRange<Int> { 1...256 }
    static var extent: ClosedRange<Int> { 1...Limit.extent }

    /// What each block sees.
    /// - Parameter usual: where there is no list.
    func layerTypes(_ count: Int, usual: (Int) -> LayerType) throws(ManifestError) -> [LayerType] {
        guard let field = self["layer_types"] else { return (0..<count).map(usual) }
        let entries = try field.list(of: "types of layers")
        guard entries.count == count else {
            throw field.error("layer_types has \(entries.count) entries", expected: "one for each of \(count) layers")
        }
        var types: [LayerType] = []
        for entry in entries {
            let word = try entry.word(LayerType.allCases.map(\.rawValue))
            types.append(LayerType(rawValue: word) ?? .full)
        }
        return types
    }

    /// Refuses a list of layers' types that says something else than the family does.
    func requireLayerTypes(_ type: LayerType, of family: String, _ count: Int) throws(ManifestError) {
        guard let field = self["layer_types"] else { return }
        guard try layerTypes(count, usual: { _ in type }).allSatisfy({ $0 == type }) else {
            throw field.error("layer_types has other types", expected: "\(type.rawValue) alone, as \(family) has it")
        }
    }

    /// Heads of k and v. Null means as many as heads of q; the families' usual number counts where it divides those.
    func keyHeads(of heads: Int, usual: Int?) throws(ManifestError) -> Int {
        guard has("num_key_value_heads") else {
            guard let usual, heads.isMultiple(of: usual) else { return heads }
            return usual
        }
        guard self["num_key_value_heads"] != nil else { return heads }
        return try whole("num_key_value_heads", Self.heads)
    }

    /// Channels of a head; null means an equal share of the width.
    func headWidth(_ width: Int, heads: Int, usual: Int? = nil) throws(ManifestError) -> Int {
        if self["head_dim"] != nil { return try whole("head_dim", Self.extent) }
        if let usual, !has("head_dim") { return usual }
        guard width >= heads else {
            throw ManifestError(
                at: mark, found: "\(heads) heads of \(width) channels together", expected: "at least one for each head")
        }
        return width / heads
    }

    /// A function by the name that transformers gives it.
    func activation(_ key: String, usual: String) throws(ManifestError) -> Activation {
        try choice(
            key, usual: usual,
            [
                "silu": .silu, "swish": .silu, "gelu": .geluErf, "gelu_python": .geluErf, "gelu_new": .geluTanh,
                "gelu_pytorch_tanh": .geluTanh, "gelu_python_tanh": .geluTanh, "gelu_fast": .geluTanh,
                "gelu_accurate": .geluTanh, "relu": .relu, "tanh": .tanh, "sigmoid": .sigmoid,
            ])
    }

    /// Refuses what would change the computation of any family, and no room of ours computes.
    func refuseUnsupported() throws(ManifestError) {
        for key in ["quantization_config", "per_layer_config", "attn_logit_softcapping"] {
            if let field = self[key] { throw field.error(expected: "null, or no such key") }
        }
        for key in ["is_encoder_decoder", "add_cross_attention", "use_bidirectional_attention", "use_qk_norm"] {
            guard try flag(key, usual: false) else { continue }
            throw try required(key).error(expected: "false")
        }
        for key in ["num_experts", "num_local_experts", "n_routed_experts", "quantization_bit", "pre_seq_len"] {
            guard let field = self[key], try field.int(0...Limit.extent) > 0 else { continue }
            throw field.error(expected: "0, null or no such key")
        }
        if let field = self["pretraining_tp"], try field.int(0...Limit.extent) > 1 { throw field.error(expected: "1") }
        if case .mapping(let pruned)? = self["pruned_heads"]?.node.content, !pruned.isEmpty {
            throw try required("pruned_heads").error(expected: "no heads")
        }
    }
}
