import Layers
package import Models
import Tensors

/// Which entries of a model are alike: runs of them that differ only in where they stand take equally much as stages.
package struct EqualEntries {
    /// By entry: the first one that is like it.
    private let firsts: [Int]

    /// All entries are taken as different where a value passes one of them by, as a portal does.
    package init(_ model: ModelGraph) {
        guard Self.isChain(model) else {
            firsts = Array(model.entries.indices)
            return
        }
        var known: [[Form]: Int] = [:]
        firsts = model.entries.map { entry in
            let forms = model.nodes[entry.nodes].map { Form($0, model) }
            if let first = known[forms] { return first }
            known[forms] = entry.index
            return entry.index
        }
    }

    /// Equal for runs that are alike. The ends of a model have more to do: they take its input, and evaluate its loss.
    package func run(_ entries: Range<Int>) -> Run {
        Run(
            entries: Array(firsts[entries]), isFirst: entries.lowerBound == 0,
            isLast: entries.upperBound == firsts.count)
    }

    package struct Run: Hashable {
        var entries: [Int]
        var isFirst: Bool
        var isLast: Bool
    }

    /// What a stage's memory knows of a node.
    private struct Form: Hashable {
        var layer: ObjectIdentifier
        var plan: LayerPlan
        var parameters: [Shape]
        var trained: [Bool]
        var hasGradient: [Bool]
        /// Of what it takes: how far before its own outputs, of which type, and whether a gradient goes back.
        var distances: [Int]
        var inputs: [TensorSpec]
        var needsGradient: [Bool]

        init(_ node: Node, _ model: ModelGraph) {
            layer = ObjectIdentifier(type(of: node.layer))
            plan = node.plan
            parameters = node.layer.parameters.map(\.shape)
            (trained, hasGradient) = (node.trained, node.hasGradient)
            distances = node.inputs.map { (node.outputs.first ?? 0) - $0 }
            inputs = node.inputs.map { model.values[$0].spec }
            needsGradient = (node.inputs + node.outputs).map { model.values[$0].needsGradient }
        }
    }

    /// Whether each entry but the first takes one value, which the one before it has made.
    private static func isChain(_ model: ModelGraph) -> Bool {
        // By boundary behind an entry: how many values cross it.
        var crossing = [Int](repeating: 0, count: model.entries.count)
        for value in model.values.indices where model.values[value].root == value {
            let home = model.values[value].producer.map { model.nodes[$0].entry } ?? 0
            let last = model.values[value].consumers.map { model.nodes[$0].entry }.max() ?? home
            guard last <= home + 1 else { return false }
            if last > home { crossing[home] += 1 }
        }
        // What the loss takes comes from the last entry.
        return crossing.dropLast().allSatisfy { $0 == 1 }
            && model.values[model.values[model.prediction].root].producer.map { model.nodes[$0].entry }
                == model.entries.count - 1
    }
}
