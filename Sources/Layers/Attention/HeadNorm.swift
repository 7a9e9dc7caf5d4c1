public import Notation

/// RMSNorm of each head's q and k, by a weight for all q and another for all k, before they are rotated.
public struct HeadNorm: ManifestKind {
    /// ε, added to the mean square: above 0, at most 1.
    public internal(set) var epsilon: Double
    /// Whether the norm multiplies by 1 + weight, which then starts at 0.
    public internal(set) var unitOffset: Bool

    public static let syntax = KindSyntax(
        "head_norm", "RMSNorm of each head's q and k.", HeadNorm(),
        [
            .defaulted("epsilon", \.epsilon, .epsilon, "ε"),
            .defaulted("unit_offset", \.unitOffset, .flag, "whether it multiplies by 1 + weight"),
        ])

    /// ε is 10⁻⁶ unless given; checked when a model is built.
    public init(epsilon: Double = 1e-6, unitOffset: Bool = false) {
        self.epsilon = epsilon
        self.unitOffset = unitOffset
    }

    /// The weight that changes nothing: what it starts from.
    var initial: Float { unitOffset ? 0 : 1 }
    /// What is added to the weight.
    var offset: Float { unitOffset ? 1 : 0 }
}
