import Layers
import Tensors

extension ModelGraph {
    /// The rows that a head computes are rounded up to a multiple of so many: libraries prepare a product for each shape.
    package static let headRows = 16

    /// The node that makes the prediction, where it can compute some of its rows alone: no other entry stands behind it,
    /// so that whether it does is the same at any cut.
    public var head: Int? {
        guard loss.ignoredTarget != nil, targets.count > Self.headRows, let last = nodes.indices.last,
            nodes[last].layer.takesFewerRows
        else { return nil }
        let (node, value) = (nodes[last], values[prediction])
        let makesPrediction = node.outputs == [value.root] && value.consumers.isEmpty && node.inputs.count == 1
        let keepsNothing = node.plan.saved.isEmpty && node.plan.deferred.isEmpty && node.plan.views.isEmpty
        let hasRows = values[node.inputs[0]].spec.shape.rows == targets.count && value.spec.shape.rows == targets.count
        return makesPrediction && keepsNothing && hasRows ? last : nil
    }

    /// The entry that is the head and nothing else.
    package var headEntry: Int? { head.map { nodes[$0].entry }.flatMap { entries[$0].nodes.count == 1 ? $0 : nil } }
}

extension StageProgramBuilder {
    /// What the head needs to leave out rows whose targets do not count. Which rows these are is only known when a
    /// micro-batch is there: all that follows has room for all rows.
    mutating func placeHead() {
        guard let node = model.head, stage.nodes.contains(node) else { return }
        let (index, rows) = (local(node), model.targets.count)
        let input = spec(model.nodes[node].inputs[0])
        let time = backwardTime[index]
        let trains = program.nodes[index].trains
        let head = StageProgram.HeadPlaces(
            node: index, rows: frame(TensorSpec([rows], .i32)),
            targets: transient(TensorSpec([rows, 1], .i32), index...index),
            losses: transient(TensorSpec([rows, 1]), index...index), input: transient(input, index...index),
            backward: trains ? transient(input, time...time) : nil)
        program.loss?.head = head
    }
}
