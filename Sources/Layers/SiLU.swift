public import Notation
public import Tensors

/// x · sigmoid(x): Elfwing et al., arXiv 1702.03118.
public struct SiLU: ElementwiseLayer {
    public static let syntax = KindSyntax("silu", "x · sigmoid(x).", SiLU())

    /// Without settings; as manifests write it: `silu`.
    public init() {}

    public var activation: Activation { .silu }
}
