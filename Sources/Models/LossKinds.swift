public import Layers
public import Notation

/// The losses that a model may name, one line each. A program adds its own as `LayerKinds` says.
public enum LossKinds {
    static let registry = KindRegistry<any Loss>([
        loss(CrossEntropy.self),
        loss(MeanSquaredError.self),
    ])

    /// Lets manifests name a loss.
    /// - Precondition: no other loss has its name. To register one again changes nothing.
    public static func register(_ kind: (some Loss).Type) { registry.add(loss(kind)) }

    /// Name, settings, limits and defaults of each.
    public static var descriptions: [KindDescription] { registry.descriptions }

    private static func loss<Kind: Loss>(_ kind: Kind.Type) -> KindRegistry<any Loss>.Kind { .init(kind) { $0 } }
}
