public import Notation

/// Appends what was stashed to its input, as a tuple: where a skip connection ends. It may stand several times for one
/// stash.
///
///     Stash("skip")
///     Linear(inputs: 64, outputs: 64)
///     Pop("skip")
///     Add()
public struct Pop: Wiring {
    let name: String

    /// - Parameter name: that of a `Stash` further up.
    public init(_ name: String) { self.name = name }

    public static let syntax = KindSyntax(
        "pop", "Appends what a `stash` kept to its input, as a tuple.", .text("the name of a stash further up"),
        "as often as needed", example: "pop: name", make: { Pop($0) }, get: \.name)

    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError) {
        guard let portal = graph.portals[name] else {
            throw site.error(expected: "an earlier \"stash: \(name)\"", got: "none")
        }
        graph.portals[name]?.isPopped = true
        graph.hand(on: graph.current + portal.values)
    }
}
