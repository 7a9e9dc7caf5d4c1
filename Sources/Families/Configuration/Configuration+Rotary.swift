internal import Glibc
internal import Layers
internal import Notation
import Tensors

/// What a family says of its rotation, for what its configurations leave out.
struct RotaryRules {
    var headWidth: Int
    /// The longest sequence: what scaling takes for the original length where none is given.
    var contextLength: Int
    var pairs = Rotary.Pairs.halves
    var base = 10_000.0
    /// The share of a head that turns; nil: the family always turns whole heads.
    var share: Double?
}

extension Configuration {
    /// The rotation of all layers. Newer files have `rope_parameters`; older ones `rope_theta` beside `rope_scaling`, which
    /// replaces `rope_parameters` where both are given.
    func rotary(_ rules: RotaryRules) throws(ManifestError) -> Rotary {
        let scaling = try mapping("rope_scaling")
        let settings = scaling?.isEmpty == false ? scaling : try mapping("rope_parameters")
        for nested in ["full_attention", "sliding_attention"] {
            guard let field = settings?[nested] else { continue }
            throw field.error("\(field.path) is a rotation of its own", expected: "one rotation for all layers")
        }
        var rules = rules
        rules.base = try number("rope_theta", usual: rules.base, "above 1") { $0 > 1 }
        if has("original_max_position_embeddings") {
            rules.contextLength = try whole("original_max_position_embeddings", 1...Limit.extent)
        }
        let share = try share(rules)
        guard let settings else { return try Rotary(rules, base: rules.base, share: share, scaling: nil, at: self) }
        let original = has("original_max_position_embeddings") ? rules.contextLength : nil
        return try settings.rotary(settings: rules, share: share, original: original)
    }

    /// The rotation that these very settings describe.
    /// - Parameter original: goes before the settings' own original length.
    func rotary(
        settings rules: RotaryRules, share: Double?, original: Int? = nil
    ) throws(ManifestError) -> Rotary {
        let base = try number("rope_theta", usual: rules.base, "above 1") { $0 > 1 }
        let share = has("partial_rotary_factor") ? try self.share(rules) : share
        return try Rotary(rules, base: base, share: share, scaling: scaling(rules, original), at: self)
    }

    private var isEmpty: Bool {
        guard case .mapping(let entries) = root.node.content else { return true }
        return entries.isEmpty
    }

    /// The share of a head that turns, as these settings have it.
    private func share(_ rules: RotaryRules) throws(ManifestError) -> Double? {
        guard let field = self["partial_rotary_factor"] else { return rules.share }
        guard rules.share != nil else {
            guard try field.number("1", { _ in true }) == 1 else { throw field.error(expected: "1, or no such key") }
            return nil
        }
        return try field.number("above 0, at most 1") { $0 > 0 && $0 <= 1 }
    }

    private func scaling(_ rules: RotaryRules, _ original: Int?) throws(ManifestError) -> Rotary.Scaling? {
        let key = self["rope_type"] == nil ? "type" : "rope_type"
        switch try self[key]?.word(["default", "linear", "llama3", "yarn"]) ?? "default" {
        case "linear": return .linear(factor: try number("factor"))
        case "llama3":
            let (low, high) = (try number("low_freq_factor"), try number("high_freq_factor"))
            return .llama3(factor: try number("factor"), low: low, high: high, original: try length(rules, original))
        case "yarn": return try yarn(original: length(rules, original), context: rules.contextLength)
        default: return nil
        }
    }

    private func length(_ rules: RotaryRules, _ original: Int?) throws(ManifestError) -> Int {
        if let original { return original }
        return try whole("original_max_position_embeddings", 1...Limit.extent, usual: rules.contextLength)
    }

    /// 0 and null mean the usual value, wherever transformers takes them so.
    private func yarn(original: Int, context: Int) throws(ManifestError) -> Rotary.Scaling {
        guard has("factor") else { _ = try required("factor"); preconditionFailure("required throws") }
        let factor = self["factor"] == nil ? Double(context) / Double(original) : try number("factor")
        return .yarn(
            factor: factor, original: original, betaFast: try orUsual("beta_fast", 32),
            betaSlow: try orUsual("beta_slow", 1), attentionFactor: try attentionFactor(factor),
            truncate: try flag("truncate", usual: true))
    }

    private func orUsual(_ key: String, _ usual: Double) throws(ManifestError) -> Double {
        guard let field = self[key] else { return usual }
        let value = try field.number("of at least 0") { $0 >= 0 }
        return value == 0 ? usual : value
    }

    /// nil: what the factor alone implies.
    private func attentionFactor(_ factor: Double) throws(ManifestError) -> Double? {
        if self["attention_factor"] != nil { return try number("attention_factor") }
        let (own, all) = (try orUsual("mscale", 0), try orUsual("mscale_all_dim", 0))
        guard own != 0, all != 0 else { return nil }
        func amplitude(_ scale: Double) -> Double { factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1 }
        return amplitude(own) / amplitude(all)
    }
}

extension Rotary {
    fileprivate init(
        _ rules: RotaryRules, base: Double, share: Double?, scaling: Scaling?, at place: Configuration
    ) throws(ManifestError) {
        let width = Int(Double(rules.headWidth) * (share ?? 1))
        guard width >= 2, width.isMultiple(of: 2) else {
            throw ManifestError(
                at: place.mark, found: "\(width) of the \(rules.headWidth) numbers of a head turn with its position",
                expected: "an even number of them")
        }
        self.init(
            base: base, width: width == rules.headWidth ? nil : width, pairs: rules.pairs, scaling: scaling)
    }
}
