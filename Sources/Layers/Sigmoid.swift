public import Notation
public import Tensors

/// 1 / (1 + exp(−x)).
public struct Sigmoid: ElementwiseLayer {
    public static let syntax = KindSyntax("sigmoid", "1 / (1 + exp(−x)).", Sigmoid())

    /// Without settings; as manifests write it: `sigmoid`.
    public init() {}

    public var activation: Activation { .sigmoid }
}
