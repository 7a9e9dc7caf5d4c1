public import Notation

/// Each row less its mean, over its deviation, times `weight`, plus `bias`, as torch.nn.LayerNorm.
///
/// x: [batch, …, width] → the same; weight, bias: [width].
public struct LayerNorm: NormLayer {
    /// Channels of x: the length of a row.
    public internal(set) var width: Int
    /// ε, added to the variance: above 0, at most 1.
    public internal(set) var epsilon: Double
    /// Whether `bias` is added, and learnt.
    public internal(set) var bias: Bool

    public static let syntax = KindSyntax(
        "layer-norm", "(x − mean) / √(variance + ε) · weight + bias, over each row.", LayerNorm(width: 64),
        [
            .required("width", \.width, .extent, "channels of x"),
            .defaulted("epsilon", \.epsilon, .epsilon, "ε"),
            .defaulted("bias", \.bias, .flag, "whether it is added"),
        ])

    /// PyTorch's defaults: ε is 10⁻⁵, with a bias.
    public init(width: Int, epsilon: Double = Normalisation.layerNorm.usualEpsilon, bias: Bool = true) {
        self.width = width
        self.epsilon = epsilon
        self.bias = bias
    }

    public var norm: Normalisation { .layerNorm }
    /// Always false: `weight` is the factor itself.
    public var unitOffset: Bool { false }
}
