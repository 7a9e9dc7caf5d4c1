public import Notation
import Tensors

/// Multi-head self-attention: softmax(Q·Kᵀ · scale)·V between two projections (Vaswani et al., arXiv 1706.03762).
///
/// x: [batch, sequence, width] → the same; `qkv.weight`: [(heads + 2 · keyHeads) · headWidth, width], q over k over v,
/// heads side by side in each; `out.weight`: [width, heads · headWidth]. heads / keyHeads query heads that follow each
/// other share a head of k and v (Ainslie et al., arXiv 2305.13245). With `headNorm`, `query_norm.weight` and
/// `key_norm.weight`: [headWidth].
///
/// It also takes (x, positions), where positions is what `PrefixPositions` made: the rotation then turns by those, and
/// each token sees the whole prefix besides.
///
///     Attention(width: 576, heads: 9, keyHeads: 3, bias: false, rotary: Rotary())
public struct Attention: Layer {
    /// Channels of x, and of the output.
    public internal(set) var width: Int { didSet { settle() } }
    /// Attentions side by side.
    public internal(set) var heads: Int { didSet { settle() } }
    /// nil: heads.
    var givenKeyHeads: Int?
    /// nil: width / heads.
    var givenHeadWidth: Int? { didSet { settle() } }
    /// Whether a position sees itself and earlier ones only.
    public internal(set) var causal: Bool
    /// Which of the two projections add a learnt bias.
    public internal(set) var bias: AttentionBias
    /// How q and k turn with their positions; nil: they do not.
    public internal(set) var rotary: Rotary? { didSet { settle() } }
    /// What `rotary` means for heads of this width.
    private(set) var rotation: Rotation?
    /// What happens to each head's q and k before they turn; nil: nothing.
    public internal(set) var headNorm: HeadNorm?
    /// How many positions each one sees, itself and the latest before it; nil: all earlier ones.
    public internal(set) var window: Int?
    /// What scores are multiplied by; nil: 1/√headWidth.
    public internal(set) var scale: Double?
    public internal(set) var adapters: [Adapter] = []
    /// Of several shards with heads of their own; nil: it has all.
    var shard: TensorShard?

    public static let syntax = KindSyntax(
        "attention", "Multi-head self-attention between two projections.", Attention(width: 64, heads: 4),
        [
            .required("width", \.width, .extent, "channels of x"),
            .optional(
                "head_width", \.givenHeadWidth, .extent, "channels of each head's q, k and v", usual: "width / heads"),
            .heads(\.heads, of: \.width) { $0.givenHeadWidth != nil },
            .optional(
                "key_heads", \.givenKeyHeads, .extent, "heads of k and v: a divisor of heads", usual: "heads",
                check: { $0.keyHeadsComplaint }),
            .defaulted("causal", \.causal, .flag, "whether later positions are hidden"),
            .defaulted(
                "bias", \.bias, .attentionBias, "whether the projections add one; qkv: that of q, k and v alone"),
            .optional(
                "rotary", \.rotary, .settings, "q and k turn with their positions",
                check: { Complaint(inside: $0.rotary) ?? $0.rotary?.complaint(headWidth: $0.headWidth) }),
            .optional(
                "head_norm", \.headNorm, .settings, "RMSNorm of each head's q and k, before they turn",
                check: { Complaint(inside: $0.headNorm) }),
            .optional(
                "window", \.window, .extent, "how many positions each sees, itself and the latest before it",
                check: { $0.windowComplaint }),
            .optional("scale", \.scale, .positive, "what scores are multiplied by", usual: "1 / √head_width"),
        ])

    /// Checked when a model is built: `heads` divides `width` unless `headWidth` is given, `keyHeads` divides `heads`.
    public init(
        width: Int, heads: Int, keyHeads: Int? = nil, headWidth: Int? = nil, causal: Bool = true,
        bias: AttentionBias = .all, rotary: Rotary? = nil, headNorm: HeadNorm? = nil, window: Int? = nil,
        scale: Double? = nil
    ) {
        self.width = width
        self.heads = heads
        givenKeyHeads = keyHeads
        givenHeadWidth = headWidth
        self.causal = causal
        self.bias = bias
        self.rotary = rotary
        self.headNorm = headNorm
        self.window = window
        self.scale = scale
        settle()
    }

    /// Computed once, since passes take no memory.
    private mutating func settle() { rotation = rotary?.rotation(headWidth: headWidth) }

    /// Heads of k and v.
    public var keyHeads: Int { givenKeyHeads ?? heads }
    /// Channels of each head's q, k and v.
    public var headWidth: Int { givenHeadWidth ?? width / max(heads, 1) }

    /// Channels of all query heads.
    var queryWidth: Int { scaled(heads, by: headWidth) }
    /// Channels of q, k and v of all heads.
    var qkvWidth: Int {
        let keys = scaled(keyHeads, by: scaled(headWidth, by: 2))
        let (sum, overflow) = queryWidth.addingReportingOverflow(keys)
        return overflow ? .max : sum
    }

    public var parameters: [ParameterSpec] {
        let norms = headNorm.map { norm in
            ["query_norm.weight", "key_norm.weight"].map {
                ParameterSpec($0, unchecked: [headWidth], .constant(norm.initial))
            }
        }
        return Affine.parameters("qkv.", inputs: width, outputs: qkvWidth, bias: bias != .none, part: qkvPart)
            + (norms ?? [])
            + Affine.parameters("out.", inputs: queryWidth, outputs: width, bias: bias == .all, part: outPart)
            + adapters.parameters(of: products)
    }
}

extension Attention {
    private var keyHeadsComplaint: Complaint? {
        guard keyHeads >= 1, !heads.isMultiple(of: keyHeads) else { return nil }
        let near = (1...keyHeads).last { heads.isMultiple(of: $0) } ?? 1
        return Complaint(
            ", and the number of heads, \(heads), is no multiple of it", expected: "a divisor of heads",
            suggestion: "\(near)")
    }

    private var windowComplaint: Complaint? {
        guard window != nil, !causal else { return nil }
        return Complaint(", and later positions are not hidden", expected: "causal: true, or no window")
    }
}
