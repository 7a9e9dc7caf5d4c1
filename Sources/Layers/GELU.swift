public import Notation
public import Tensors

/// x · Φ(x), exactly or by its tanh approximation: Hendrycks and Gimpel, arXiv 1606.08415.
public struct GELU: ElementwiseLayer {
    /// How Φ is computed.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// ½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))): the approximation that GPT-2 uses.
        case tanh
        /// ½ · x · (1 + erf(x / √2)): exact.
        case erf
    }

    /// As manifests write it: `gelu: tanh`; `gelu` alone is exact.
    public let form: Form

    public static let syntax = KindSyntax(
        "gelu", "x · Φ(x).", .choice(), "how Φ is computed", example: "gelu: tanh", bare: GELU(),
        make: { GELU($0) }, get: \.form)

    /// The exact form unless given, as torch.nn.GELU.
    public init(_ form: Form = .erf) { self.form = form }

    public var activation: Activation { form == .tanh ? .geluTanh : .geluErf }
}
