package import Models
import Tensors

/// The elements of a stage's trained parameters that this replica updates, where replicas share out the optimizer state.
///
/// Its moments are of those elements alone, and so are the f32 masters of matrices that layers compute with in 16 bits: a
/// compact tensor has the ranges one behind the other.
package struct OwnedElements: Sendable {
    /// By node of the stage, by parameter: rising, with others' elements between them.
    private let ranges: [[[Range<Int>]]]

    /// - Parameters:
    ///   - blocks: of the stage, in the model's order.
    ///   - nodes: the stage's.
    ///   - parameters: how many each node has.
    package init(_ blocks: [GradientBlock], replica: Int, nodes: Range<Int>, parameters: [Int]) {
        var ranges = parameters.map { [[Range<Int>]](repeating: [], count: $0) }
        for block in blocks where block.owner == replica {
            let local = block.node - nodes.lowerBound
            let last = ranges[local][block.parameter].last
            if let last, last.upperBound == block.elements.lowerBound {
                ranges[local][block.parameter].removeLast()
                ranges[local][block.parameter].append(last.lowerBound..<block.elements.upperBound)
            } else {
                ranges[local][block.parameter].append(block.elements)
            }
        }
        self.ranges = ranges
    }

    func ranges(_ local: Int, _ parameter: Int) -> [Range<Int>] { ranges[local][parameter] }

    /// How many elements a compact tensor has.
    func count(_ local: Int, _ parameter: Int) -> Int { ranges[local][parameter].reduce(0) { $0 + $1.count } }

    /// The ranges with their places in a compact tensor.
    func places(_ local: Int, _ parameter: Int) -> [(elements: Range<Int>, start: Int)] {
        var start = 0
        return ranges[local][parameter].map { range in
            defer { start += range.count }
            return (range, start)
        }
    }
}

extension Tensor {
    /// Elements in row-major order, as a vector.
    func elements(_ range: Range<Int>) -> Tensor { slice(start: range.lowerBound, [range.count]) }
}
