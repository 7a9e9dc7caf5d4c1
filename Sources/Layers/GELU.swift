public import Notation
public import Tensors

/// x · Φ(x), exactly or by its tanh approximation: Hendrycks and Gimpel, arXiv 1606.08415.
public struct GELU: ElementwiseLayer {
    /// How Φ is computed.
    public enum Form: String, Hashable, Sendable, CaseIterable { case tanh, erf }

    public let form: Form

    public static let syntax = KindSyntax(
        "gelu", "x · Φ(x).", .choice(), "how Φ is computed", example: "gelu: tanh", bare: GELU(),
        make: { GELU($0) }, get: \.form)

    public init(_ form: Form = .erf) { self.form = form }

    public var activation: Activation { form == .tanh ? .geluTanh : .geluErf }
}
