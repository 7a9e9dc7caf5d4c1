public import Notation

/// One tensor of a tuple.
public struct Select: Wiring {
    let index: Int

    /// - Parameter index: counted from 0.
    public init(_ index: Int) { self.index = index }

    public static let syntax = KindSyntax(
        "select", "One tensor of a tuple.", .whole(0...Limit.extent), "which, counted from 0", example: "select: 0",
        make: { Select($0) }, get: \.index)

    func place(in graph: inout GraphBuilder, _ site: GraphBuilder.Site) throws(ModelError) {
        guard graph.current.indices.contains(index) else {
            throw site.error(expected: "an index from 0 to \(graph.current.count - 1)", got: "\(index)")
        }
        graph.hand(on: [graph.current[index]])
    }
}
