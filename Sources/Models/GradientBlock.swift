import Layers
import Tensors

/// A run of elements of one trained parameter: what replicas of a stage add, own and exchange as a whole.
///
/// Its sum of squares is a part of the gradient norm that no number of replicas changes.
package struct GradientBlock: Hashable, Sendable {
    /// The model's node, and the parameter's place among the node's.
    package var node: Int
    package var parameter: Int
    /// In the parameter's row-major order.
    package var elements: Range<Int>
    /// The replica that adds it up.
    package var owner: Int
    /// Whether it counts in the gradient norm: of a tie, the first member does; of what all shards have whole, the first
    /// shard's.
    package var isCounted: Bool

    /// Elements of a block: 256 KiB of f32, a message that takes far longer to send than to announce.
    package static let mostElements = 1 << 16

    /// The runs of a parameter of so many elements.
    package static func ranges(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: mostElements).map { $0..<min($0 + mostElements, count) }
    }
}

extension ModelGraph {
    /// The blocks of a stage's trained parameters, in the model's order. Owners get equally many elements, within a block;
    /// members of a tie have the same owners wherever they live.
    package func gradientBlocks(nodes range: Range<Int>, replicas: Int = 1) -> [GradientBlock] {
        var load = [Int](repeating: 0, count: replicas)
        var blocks: [GradientBlock] = []
        for node in range {
            for (parameter, spec) in nodes[node].layer.parameters.enumerated() where nodes[node].trained[parameter] {
                let member = Tie.Member(node: node, parameter: parameter)
                let isTied = ties.contains { $0.members.contains(member) }
                for (index, elements) in GradientBlock.ranges(of: spec.shape.count).enumerated() {
                    let least = load.indices.min { (load[$0], $0) < (load[$1], $1) } ?? 0
                    let owner = isTied ? index % replicas : least
                    load[owner] += elements.count
                    blocks.append(
                        GradientBlock(
                            node: node, parameter: parameter, elements: elements, owner: owner,
                            isCounted: isStored(member) && isCounted(spec)))
                }
            }
        }
        return blocks
    }
}
