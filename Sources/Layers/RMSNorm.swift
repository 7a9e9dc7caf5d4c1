public import Notation

/// Each row over the root of its mean square, times `weight`, as torch.nn.RMSNorm.
///
/// x: [batch, …, width] → the same; weight: [width].
public struct RMSNorm: NormLayer {
    /// Channels of x: the length of a row.
    public internal(set) var width: Int
    /// ε, added to the mean square: above 0, at most 1.
    public internal(set) var epsilon: Double

    public static let syntax = KindSyntax(
        "rms-norm", "x / √(mean of x² + ε) · weight, over each row.", RMSNorm(width: 64),
        [
            .required("width", \.width, .extent, "channels of x"),
            .defaulted("epsilon", \.epsilon, .epsilon, "ε"),
        ])

    /// ε is 10⁻⁶ unless given, as LLaMA's descendants have it.
    public init(width: Int, epsilon: Double = Normalisation.rmsNorm.usualEpsilon) {
        self.width = width
        self.epsilon = epsilon
    }

    public var norm: Normalisation { .rmsNorm }
    public var bias: Bool { false }
}
