import Layers
import Notation
import Systems
import Tensors

/// Parameters of a model that are one tensor: they start with equal values, and every gradient of one belongs to all.
public struct Tie: Hashable, Sendable {
    /// One of them.
    public struct Member: Hashable, Sendable {
        /// The node that has it, by index into `ModelGraph.nodes`.
        public var node: Int
        /// Its place among the node's parameters, counted from 0.
        public var parameter: Int

        /// The parameter of a node, both by index.
        public init(node: Int, parameter: Int) {
            self.node = node
            self.parameter = parameter
        }
    }

    /// At least two, in the model's order. The first one's first values are those of all.
    public var members: [Member]
}

/// Finds the parameters that a model's ties name, and checks that they can be one tensor.
struct TieResolver {
    private let model: Sequential
    private let nodes: [Node]
    /// By name. Empty where the model has no ties.
    private let members: [String: Tie.Member]
    /// The members of the ties so far.
    private var tied: Set<Tie.Member> = []

    init(_ model: Sequential, _ nodes: [Node]) {
        self.model = model
        self.nodes = nodes
        var members: [String: Tie.Member] = [:]
        for (node, parameters) in nodes.map(\.parameterNames).enumerated() where !model.ties.isEmpty {
            for (index, name) in parameters.enumerated() { members[name] = Tie.Member(node: node, parameter: index) }
        }
        self.members = members
    }

    mutating func ties() throws(ModelError) -> [Tie] {
        var ties: [Tie] = []
        for tie in model.ties.indices { ties.append(try resolve(tie)) }
        return ties
    }

    private mutating func resolve(_ tie: Int) throws(ModelError) -> Tie {
        let names = model.ties[tie]
        guard names.count >= 2 else {
            throw error(tie, 0, expected: "at least two parameters", got: names.first.map { "\($0) alone" } ?? "none")
        }
        var found: [Tie.Member] = []
        for (index, name) in names.enumerated() {
            guard let member = members[name] else {
                let near = Suggestion.nearest(to: name, in: candidates(name))
                throw error(
                    tie, index, expected: "the name of a parameter",
                    got: "\"\(name.printable(limit: 60))\"" + (near.map { "; did you mean \"\($0)\"?" } ?? ""))
            }
            guard tied.insert(member).inserted else {
                throw error(tie, index, expected: "each parameter once", got: "\(name) again")
            }
            guard slice(member) == slice(found.first ?? member) else {
                throw error(
                    tie, index, expected: "parameters that the devices of a stage divide alike, or `tensor: 1`",
                    got: "\(name), which they divide otherwise than \(names[0])")
            }
            guard shape(member) == shape(found.first ?? member) else {
                throw error(
                    tie, index, expected: "parameters of one shape, as \(names[0]) \(shape(found[0]))",
                    got: "\(name) \(shape(member))")
            }
            found.append(member)
        }
        return Tie(members: found.sorted { ($0.node, $0.parameter) < ($1.node, $1.parameter) })
    }

    private func slice(_ member: Tie.Member) -> TensorSlice? {
        nodes[member.node].layer.parameters[member.parameter].slice
    }

    private func shape(_ member: Tie.Member) -> Shape { nodes[member.node].layer.parameters[member.parameter].shape }

    /// The parameters of the layer that the name begins with; where there is no such layer, the first thousand of all.
    private func candidates(_ name: String) -> [String] {
        let layer = name.prefix { $0 != "." } + "."
        let all = nodes.lazy.flatMap(\.parameterNames)
        let own = Array(all.filter { $0.hasPrefix(layer) }.prefix(1000))
        return own.isEmpty ? Array(all.prefix(1000)) : own
    }

    private func error(_ tie: Int, _ member: Int, expected: String, got: String) -> ModelError {
        ModelError("tie \(tie)", expected: expected, got: got, at: model.mark(ofTie: tie, member: member))
    }
}
