public import Notation
public import Tensors

/// 1 / (1 + exp(−x)).
public struct Sigmoid: ElementwiseLayer {
    public static let syntax = KindSyntax("sigmoid", "1 / (1 + exp(−x)).", Sigmoid())

    public init() {}

    public var activation: Activation { .sigmoid }
}
