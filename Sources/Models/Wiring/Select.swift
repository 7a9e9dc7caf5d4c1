import Notation

/// One tensor of a tuple.
struct Select: Wiring {
    let index: Int

    static let syntax = KindSyntax(
        "select", "One tensor of a tuple.", .whole(0...Limit.extent), "which, counted from 0", example: "select: 0",
        make: { Select(index: $0) }, get: \.index)

    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError) {
        guard graph.current.indices.contains(index) else {
            throw site.error(expected: "an index from 0 to \(graph.current.count - 1)", got: "\(index)")
        }
        graph.hand(on: [graph.current[index]])
    }
}
