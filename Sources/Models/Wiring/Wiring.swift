import Notation

/// An entry of a model's list that computes nothing of its own: it says which values go where.
protocol Wiring: ManifestKind {
    /// What errors say of it: `layer 3 (select)`; the rest of its place.
    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError)
}

extension Wiring {
    var kind: String { Self.syntax.name }
}
