import Layers
import Models
import Tensors

/// The passes of one node: on the last stage the head's, of some of its rows alone.
extension StageExecutor {
    /// A node of the stage, in the graph of one length.
    struct NodeNumber {
        /// Counted from the stage's first.
        var local: Int
        var length: Int
        var slot: Int
    }

    func forward(_ frame: LayerFrame, _ number: NodeNumber) {
        let computed = pass(
            frame, number, { $0.forward }, { $0.forward(frame, on: backend) },
            part: { $0.forward($1, frame, on: backend) })
        observer?.finishedForward(stage.nodes.lowerBound + number.local, computed, on: backend)
    }

    func backwardInput(_ frame: LayerFrame, _ number: NodeNumber) {
        let computed = pass(
            frame, number, { $0.backwardInput }, { $0.backwardInput(frame, on: backend) },
            part: { $0.backwardInput($1, frame, on: backend) })
        observer?.finishedBackwardInput(stage.nodes.lowerBound + number.local, computed, on: backend)
    }

    func backwardWeight(_ frame: LayerFrame, _ number: NodeNumber) {
        guard node(number).hasWeightHalf else { return }
        let computed = pass(
            frame, number, { $0.backwardWeight }, { $0.backwardWeight(frame, on: backend) },
            part: { $0.backwardWeight($1, frame, on: backend) })
        observer?.finishedBackwardWeight(stage.nodes.lowerBound + number.local, computed, on: backend)
    }

    /// One pass of a node, over all of its rows or, of the head, over some.
    /// - Returns: the frame of the rows that were computed.
    private func pass(
        _ frame: LayerFrame, _ number: NodeNumber, _ flops: (LayerCost) -> Double, _ all: (any Layer) -> Void,
        part: (HeadRows, any Layer) -> LayerFrame
    ) -> LayerFrame {
        let node = node(number)
        let head = lengths[number.length].headRows(number.local, number.slot)
        var computed = frame
        if let head { computed = part(head, node.layer) } else { all(node.layer) }
        let share = head?.share ?? 1
        // A layer counts as one unit, however many nodes it became.
        let units = 1 / Double(model.entries[node.entry].nodesOfLayer)
        backend.simulate(Work(flops: flops(node.plan.cost) * share, units: units * share))
        return computed
    }

    private func node(_ number: NodeNumber) -> Node {
        lengths[number.length].model.nodes[stage.nodes.lowerBound + number.local]
    }
}
