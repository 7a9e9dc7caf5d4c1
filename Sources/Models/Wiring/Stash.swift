public import Notation

/// Passes its input on, and keeps it for every `pop` of the same name: where a skip connection begins.
public struct Stash: Wiring {
    let name: String

    /// - Parameter name: which a `Pop` further down repeats.
    public init(_ name: String) { self.name = name }

    public static let syntax = KindSyntax(
        "stash", "Passes its input on, and keeps it for later `pop`s, in any stage.",
        .text("a name, which a pop further down repeats"), "used once", example: "stash: name",
        make: { Stash($0) }, get: \.name)

    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError) {
        guard graph.portals[name] == nil else {
            throw site.error(expected: "a name used once", got: "\"\(name)\" again")
        }
        graph.portals[name] = GraphBuilder.Portal(values: graph.current, mark: site.mark)
    }
}
