public import Notation
public import Tensors

/// The hyperbolic tangent.
public struct Tanh: ElementwiseLayer {
    public static let syntax = KindSyntax("tanh", "The hyperbolic tangent.", Tanh())

    /// Without settings; as manifests write it: `tanh`.
    public init() {}

    public var activation: Activation { .tanh }
}
