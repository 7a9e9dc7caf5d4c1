public import Notation
public import Tensors

/// max(x, 0).
public struct ReLU: ElementwiseLayer {
    public static let syntax = KindSyntax("relu", "max(x, 0).", ReLU())

    public init() {}

    public var activation: Activation { .relu }
}
