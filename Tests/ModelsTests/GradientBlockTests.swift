import Layers
import Models
import Tensors
import Testing

/// What replicas of a stage share out.
@Suite struct GradientBlockTests {
    private func graph(_ layers: String, ties: String = "") throws -> ModelGraph {
        try ModelGraph(Sequential.decode(yaml: layers + ties, file: "m.yaml"), input: TensorSpec([1, 4], .i32))
    }

    private static let layers = """
        layers:
          - embedding: {vocab: 3000, width: 61, positions: 4}
          - linear: {in: 61, out: 61}
          - linear: {in: 61, out: 3000, bias: false}
        loss: cross-entropy

        """

    @Test(arguments: [1, 2, 3, 4]) func `every element has one owner, and all own equally many`(replicas: Int) throws {
        let model = try graph(Self.layers)
        let blocks = model.gradientBlocks(nodes: 0..<model.nodes.count, replicas: replicas)
        for (index, node) in model.nodes.enumerated() {
            for (parameter, spec) in node.layer.parameters.enumerated() {
                let own = blocks.filter { $0.node == index && $0.parameter == parameter }
                #expect(own.flatMap(\.elements) == Array(0..<spec.shape.count))
            }
        }
        let loads = (0..<replicas).map { owner in
            blocks.filter { $0.owner == owner }.reduce(0) { $0 + $1.elements.count }
        }
        #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= GradientBlock.mostElements)
        #expect(blocks.allSatisfy { $0.elements.count <= GradientBlock.mostElements && $0.isCounted })
    }

    /// Their owners add them up with each other, block by block.
    @Test func `members of a tie have the same owners, and count once`() throws {
        let model = try graph(Self.layers, ties: "ties: [[0.token.weight, 2.weight]]\n")
        let last = model.nodes.count - 1
        let table = model.gradientBlocks(nodes: 0..<1, replicas: 2).filter { $0.parameter == 0 }
        let head = model.gradientBlocks(nodes: last..<last + 1, replicas: 2)
        #expect(table.count == 3 && table.map(\.elements) == head.map(\.elements))
        #expect(table.map(\.owner) == head.map(\.owner) && table.map(\.owner) == [0, 1, 0])
        #expect(table.allSatisfy(\.isCounted) && !head.contains { $0.isCounted })
    }
}
