public import Notation

/// The ways in which the learning rate may fall, one line each. A program adds its own as `OptimizerKinds` says.
public enum DecayKinds {
    package static let registry = KindRegistry<any Decay>([
        decay(ConstantDecay.self),
        decay(LinearDecay.self),
        decay(CosineDecay.self),
        decay(StableDecay.self),
    ])

    /// Lets manifests name a decay.
    /// - Precondition: no other decay has its name. To register one again changes nothing.
    public static func register(_ kind: (some Decay).Type) { registry.add(decay(kind)) }

    /// Name, settings, limits and defaults of each.
    public static var descriptions: [KindDescription] { registry.descriptions }

    private static func decay<Kind: Decay>(_ kind: Kind.Type) -> KindRegistry<any Decay>.Kind { .init(kind) { $0 } }
}
