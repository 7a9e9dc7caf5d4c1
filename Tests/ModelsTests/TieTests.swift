import Layers
import Models
import Notation
import Tensors
import Testing

/// Parameters that are one tensor.
@Suite struct TieTests {
    private static let layers = """
        {embedding: {vocab: 9, width: 6, positions: 6}}, {residual: [{rms-norm: {width: 6}}]}, {layer-norm: {width: 6}},
        {linear: {in: 6, out: 9, bias: false}}
        """

    private func model(_ ties: String) throws -> Sequential {
        try Sequential.decode(yaml: "layers: [\(Self.layers)]\nloss: cross-entropy\nties: \(ties)", file: "m.yaml")
    }

    private func graph(_ ties: String) throws -> ModelGraph {
        try ModelGraph(model(ties), input: TensorSpec([2, 4], .i32))
    }

    @Test func `members stand in the model's order, whatever the order in which they are written`() throws {
        let graph = try graph("[[3.weight, 0.token.weight], [1.0.weight, 2.weight, 2.bias]]")
        let members = graph.ties.map { $0.members.map { [$0.node, $0.parameter] } }
        // The residual's sum is node 2.
        #expect(members == [[[0, 0], [4, 0]], [[1, 0], [3, 0], [3, 1]]])
    }

    @Test func `first values are those of the tie's first, of an untied parameter its own`() throws {
        let graph = try graph("[[3.weight, 0.token.weight]]")
        #expect(graph.origin(of: .init(node: 4, parameter: 0)) == .init(node: 0, parameter: 0))
        #expect(graph.origin(of: .init(node: 0, parameter: 0)) == .init(node: 0, parameter: 0))
        #expect(graph.origin(of: .init(node: 0, parameter: 1)) == .init(node: 0, parameter: 1))
    }

    @Test func `a resolved model keeps its ties, one without any says nothing of them`() throws {
        let tied = try model("[[3.weight, 0.token.weight], [2.weight, 2.bias]]")
        let again = try Sequential.decode(yaml: tied.resolvedYAML(), file: "r.yaml")
        #expect(again.ties == [["3.weight", "0.token.weight"], ["2.weight", "2.bias"]])
        #expect(again.resolvedYAML() == tied.resolvedYAML())
        let free = try model("null")
        #expect(free.ties.isEmpty && !free.resolvedYAML().contains("ties"))
    }

    @Test func `a model written in Swift has its ties as an argument`() throws {
        let model = Sequential(ties: [["0.token.weight", "1.weight"]], file: "Main.swift", line: 3, column: 5) {
            Embedding(vocab: 9, width: 6)
            Linear(inputs: 6, outputs: 9, bias: false)
        }
        let input = TensorSpec([2, 4], .i32)
        #expect(try ModelGraph(model, input: input).ties.map(\.members.count) == [2])
        var other = model
        other.ties = [["0.token.weight", "1.wieght"]]
        #expect(
            message { try ModelGraph(other, input: input) }
                == #"Main.swift:3:5: tie 0: expected the name of a parameter, got "1.wieght"; did you mean "1.weight"?"#
        )
    }

    @Test(arguments: [
        (
            "[[0.tokens.weight, 3.weight]]",
            #"m.yaml:4:9: tie 0: expected the name of a parameter, got "0.tokens.weight"; did you mean "0.token.weight"?"#
        ),
        (
            "[[0.token.weight, 4.weight]]",
            #"m.yaml:4:25: tie 0: expected the name of a parameter, got "4.weight"; did you mean "2.weight"?"#
        ),
        (
            "[[2.weight, 2.bias], [0.token.weight]]",
            "m.yaml:4:29: tie 1: expected at least two parameters, got 0.token.weight alone"
        ),
        (
            "[[0.token.weight, 3.weight], [1.0.weight, 3.weight]]",
            "m.yaml:4:49: tie 1: expected each parameter once, got 3.weight again"
        ),
        ("[[2.bias, 2.bias]]", "m.yaml:4:17: tie 0: expected each parameter once, got 2.bias again"),
        (
            "[[0.token.weight, 0.position.weight]]",
            "m.yaml:4:25: tie 0: expected parameters of one shape, as 0.token.weight [9 × 6], "
                + "got 0.position.weight [6 × 6]"
        ),
        ("[]", "m.yaml:4:7: ties is an empty list; expected a list of lists of parameters"),
        ("[[]]", "m.yaml:4:8: ties.0 is an empty list; expected a list of parameters"),
        ("[[2.bias, [a]]]", "m.yaml:4:17: ties.0.1 is a list; expected a parameter's name"),
        ("0.token.weight", "m.yaml:4:7: ties is 0.token.weight; expected a list of lists of parameters"),
    ])
    func `ties that cannot be say where, what and why`(_ ties: String, _ expected: String) {
        #expect(message { try graph(ties) } == expected)
    }

    @Test func `a tie that Swift left empty is refused when the model is laid out`() {
        let model = Sequential(loss: MeanSquaredError(), ties: [[]], file: "Main.swift", line: 3, column: 5) { ReLU() }
        #expect(
            message { try ModelGraph(model, input: TensorSpec([2, 4])) }
                == "Main.swift:3:5: tie 0: expected at least two parameters, got none")
    }
}
