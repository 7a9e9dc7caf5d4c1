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
        let node = node(number)
        var computed = frame
        let head = headRows(number)
        if let head {
            computed = head.forward(node.layer, frame, on: backend)
        } else {
            node.layer.forward(frame, on: backend)
        }
        observer?.finishedForward(stage.nodes.lowerBound + number.local, computed, on: backend)
        simulate(node, node.plan.cost.forward, head)
    }

    private func headRows(_ number: NodeNumber) -> HeadRows? {
        lengths[number.length].headRows(number.local, number.slot)
    }

    private func node(_ number: NodeNumber) -> Node {
        lengths[number.length].model.nodes[stage.nodes.lowerBound + number.local]
    }

    private func simulate(_ node: Node, _ flops: Double, _ head: HeadRows?) {
        let share = head?.share ?? 1
        backend.simulate(Work(flops: flops * share, units: units(node) * share))
    }

    func backwardInput(_ frame: LayerFrame, _ number: NodeNumber) {
        let node = node(number)
        var computed = frame
        let head = headRows(number)
        if let head {
            computed = head.backwardInput(node.layer, frame, on: backend)
        } else {
            node.layer.backwardInput(frame, on: backend)
        }
        observer?.finishedBackwardInput(stage.nodes.lowerBound + number.local, computed, on: backend)
        simulate(node, node.plan.cost.backwardInput, head)
    }

    func backwardWeight(_ frame: LayerFrame, _ number: NodeNumber) {
        let node = node(number)
        guard node.hasWeightHalf else { return }
        var computed = frame
        let head = headRows(number)
        if let head {
            computed = head.backwardWeight(node.layer, frame, on: backend)
        } else {
            node.layer.backwardWeight(frame, on: backend)
        }
        observer?.finishedBackwardWeight(stage.nodes.lowerBound + number.local, computed, on: backend)
        simulate(node, node.plan.cost.backwardWeight, head)
    }

    /// An entry of the Sequential counts as one unit, however many nodes it became.
    private func units(_ node: Node) -> Double { 1 / Double(model.entries[node.entry].nodes.count) }
}
