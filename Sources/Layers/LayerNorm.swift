public import Notation

/// Each row less its mean, over its deviation, times `weight`, plus `bias`, as torch.nn.LayerNorm.
///
/// x: [batch, …, width] → the same; weight, bias: [width].
public struct LayerNorm: NormLayer {
    public internal(set) var width: Int
    public internal(set) var epsilon: Double
    public internal(set) var bias: Bool

    public static let syntax = KindSyntax(
        "layer-norm", "(x − mean) / √(variance + ε) · weight + bias, over each row.", LayerNorm(width: 64),
        [
            .required("width", \.width, .extent, "channels of x"),
            .defaulted("epsilon", \.epsilon, .epsilon, "ε"),
            .defaulted("bias", \.bias, .flag, "whether it is added"),
        ])

    public init(width: Int, epsilon: Double = Normalisation.layerNorm.usualEpsilon, bias: Bool = true) {
        self.width = width
        self.epsilon = epsilon
        self.bias = bias
    }

    public var norm: Normalisation { .layerNorm }
}
