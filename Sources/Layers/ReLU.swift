public import Notation
public import Tensors

/// max(x, 0).
public struct ReLU: ElementwiseLayer {
    public static let syntax = KindSyntax("relu", "max(x, 0).", ReLU())

    /// Without settings; as manifests write it: `relu`.
    public init() {}

    public var activation: Activation { .relu }
}
