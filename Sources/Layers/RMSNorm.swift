public import Notation

/// Each row over the root of its mean square, times `weight`, as torch.nn.RMSNorm.
///
/// x: [batch, …, width] → the same; weight: [width].
///
///     RMSNorm(width: 64, unitOffset: true)      // rms-norm: {width: 64, unit_offset: true}
public struct RMSNorm: NormLayer {
    /// Channels of x: the length of a row.
    public internal(set) var width: Int
    /// ε, added to the mean square: above 0, at most 1.
    public internal(set) var epsilon: Double
    /// Whether 1 is added to `weight`, which then starts at 0: Gemma's.
    public internal(set) var unitOffset: Bool

    public static let syntax = KindSyntax(
        "rms-norm", "x / √(mean of x² + ε) · weight, over each row.", RMSNorm(width: 64),
        [
            .required("width", \.width, .extent, "channels of x"),
            .defaulted("epsilon", \.epsilon, .epsilon, "ε"),
            .defaulted(
                "unit_offset", \.unitOffset, .flag, "whether 1 is added to the weight, which then starts at 0"),
        ])

    /// ε is 10⁻⁶ unless given, as LLaMA's descendants have it.
    public init(width: Int, epsilon: Double = Normalisation.rmsNorm.usualEpsilon, unitOffset: Bool = false) {
        self.width = width
        self.epsilon = epsilon
        self.unitOffset = unitOffset
    }

    public var norm: Normalisation { .rmsNorm }
    public var bias: Bool { false }
}
