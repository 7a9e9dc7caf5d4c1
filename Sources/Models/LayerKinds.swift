public import Layers
public import Notation

/// The kinds of entries that a model's list may hold, one line each.
///
/// A program's own kind of layer is registered at the start of `main`, in every process of a run:
///
///     LayerKinds.register(MyLayer.self)
public enum LayerKinds {
    static let registry = KindRegistry<LayerDeclaration.Content>([
        layer(Embedding.self),
        layer(Linear.self),
        layer(LayerNorm.self),
        layer(RMSNorm.self),
        layer(Transformer.self),
        layer(GatedMLP.self),
        layer(Attention.self),
        layer(PrefixPositions.self),
        layer(GELU.self),
        layer(ReLU.self),
        layer(SiLU.self),
        layer(Tanh.self),
        layer(Sigmoid.self),
        layer(Softcap.self),
        layer(Dropout.self),
        wiring(Residual.self),
        layer(Split.self),
        layer(Add.self),
        layer(Concatenate.self),
        wiring(Select.self),
        wiring(Stash.self),
        wiring(Pop.self),
        layer(Flatten.self),
        layer(Reshape.self),
    ])

    /// Lets manifests name a kind of layer.
    /// - Precondition: no other kind has its name. To register a kind again changes nothing.
    public static func register(_ kind: (some Layer).Type) { registry.add(layer(kind)) }

    package static func isRegistered(_ kind: any Layer.Type) -> Bool { registry.holds(kind) }

    /// What manifests may write, in the order in which errors list them.
    public static var names: [String] { registry.names }

    /// Name, settings, limits and defaults of each kind.
    public static var descriptions: [KindDescription] { registry.descriptions }

    private static func layer<Kind: Layer>(_ kind: Kind.Type) -> KindRegistry<LayerDeclaration.Content>.Kind {
        .init(kind) { .layer($0) }
    }

    private static func wiring<Kind: Wiring>(_ kind: Kind.Type) -> KindRegistry<LayerDeclaration.Content>.Kind {
        .init(kind) { .wiring($0) }
    }
}
