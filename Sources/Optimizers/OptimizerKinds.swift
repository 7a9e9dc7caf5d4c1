public import Notation

/// The update rules that a pipeline may name, one line each.
///
/// A program's own rule is registered at the start of `main`, in every process of a run:
///
///     OptimizerKinds.register(MyRule.self)
public enum OptimizerKinds {
    package static let registry = KindRegistry<any Optimizer>([
        rule(AdamW.self),
        rule(Adam.self),
        rule(SGD.self),
    ])

    /// Lets manifests name a rule.
    /// - Precondition: no other rule has its name. To register one again changes nothing.
    public static func register(_ kind: (some Optimizer).Type) { registry.add(rule(kind)) }

    /// Name, settings, limits and defaults of each.
    public static var descriptions: [KindDescription] { registry.descriptions }

    private static func rule<Kind: Optimizer>(_ kind: Kind.Type) -> KindRegistry<any Optimizer>.Kind {
        .init(kind) { $0 }
    }
}
