import Layers
package import Models
package import Tensors

/// Runs the passes of one stage on its device. Independent of schedules and sockets: the caller names the micro-batch and
/// the slot.
///
/// Micro-batches may differ in length: there is a graph for each length, and all share parameters and memory, which is
/// planned for the largest. A slot computes with the length that was chosen for it last.
package final class StageExecutor {
    /// Of the longest micro-batches.
    package let model: ModelGraph
    package let stage: PipelineLayout.Stage
    package let backend: any Backend
    package let memory: StageMemory
    private let seed: UInt64
    let micro: Int
    let microBatches: Int
    /// The number of the first micro-batch among those of all replicas: random numbers follow from the sample.
    private let firstMicroBatch: Int
    /// What the loss's gradient is multiplied with, so that small f16 gradients do not vanish.
    package var lossScale: Float = 1
    /// Set only while a failure is diagnosed.
    package var observer: (any PassObserver)?
    private let isTraining: Bool
    /// While it is set, forwards drop nothing out: what they leave is for a loss alone, not for a way back.
    package var isEvaluating = false {
        didSet {
            for length in lengths.indices { lengths[length].setTraining(isTraining && !isEvaluating) }
        }
    }
    /// Whether it has a weight half of the backward.
    private let hasWeightHalf: Bool
    /// By length, the shortest first.
    private(set) var lengths: [StageLength]
    /// By slot: the length that it computes with.
    private var lengthOfSlot: [Int]
    /// By slot: where the samples of its only row lie; empty where each row is one sample.
    package private(set) var documents: [[Range<Int>]]
    /// When the last backward pass recomputed activations.
    private var recomputationSpans: [DeviceSpan] = []
    /// Parts of the gradient norm.
    let countedBlocks: [GradientBlock]
    /// f32[micro-batches × rows]: every row's own loss, so that their sum does not depend on the schedule's order.
    let rowLosses: Tensor?

    /// - Parameters:
    ///   - model: of the longest micro-batches.
    ///   - shorter: the same of shorter ones, the shortest first.
    ///   - microBatches: of one step, from `firstMicroBatch` on.
    ///   - owned: what this replica updates; nil: all.
    ///   - lanes: sums into which gradients are added before those are: so many times fewer micro-batches each.
    ///   - group: the other shards, where the graphs are of one.
    package init(
        model: ModelGraph, shorter: [ModelGraph] = [], layout: PipelineLayout, stage index: Int, slots: Int,
        deferredSlots: Int = 1,
        microBatches: Int, firstMicroBatch: Int = 0, lanes: Int = 1, micro: Int, seed: UInt64, splitsBackward: Bool,
        recomputation: Recomputation = .none, owned: OwnedElements? = nil,
        isTraining: Bool = true, group: (any TensorGroup)? = nil, on backend: any Backend
    ) throws(TensorError) {
        self.model = model
        self.backend = backend
        self.seed = seed
        self.micro = micro
        self.microBatches = microBatches
        self.firstMicroBatch = firstMicroBatch
        self.isTraining = isTraining
        stage = layout.stages[index]
        countedBlocks = isTraining ? model.gradientBlocks(nodes: stage.nodes).filter(\.isCounted) : []
        hasWeightHalf = model.nodes[layout.stages[index].nodes].contains { $0.hasWeightHalf }
        let programs = (shorter + [model]).map {
            isTraining
                ? StageProgram(
                    $0, layout, stage: index, splitsBackward: splitsBackward, recomputation: recomputation,
                    on: backend)
                : StageProgram(evaluating: $0, layout, stage: index, on: backend)
        }
        memory = try StageMemory(
            model, nodes: stage.nodes, programs: programs, slots: slots, deferredSlots: deferredSlots,
            dtype: model.dtype, lanes: isTraining ? lanes : 1, owned: isTraining ? owned : nil,
            isTraining: isTraining, group: group, on: backend)
        let rows = model.loss.rows(for: [model.values[model.prediction].spec])
        rowLosses =
            stage.isLast
            ? try Tensor.make(TensorSpec([microBatches * rows]), on: backend) : nil
        let (memory, rowLosses) = (memory, rowLosses)
        let nodes = stage.nodes
        lengths = zip(shorter + [model], programs).map { model, program in
            StageLength(
                model, nodes: nodes, program, memory, slots: slots, deferredSlots: deferredSlots,
                isTraining: isTraining,
                losses: rowLosses.map { ($0, microBatches) })
        }
        lengthOfSlot = Array(repeating: lengths.count - 1, count: slots)
        documents = Array(repeating: [], count: slots)
        recomputationSpans.reserveCapacity(model.nodes.count)
    }

    /// Of the longest micro-batches.
    package var program: StageProgram { lengths[lengths.count - 1].program }

    /// How many lengths there are.
    package var lengthCount: Int { lengths.count }

    /// Where values lie in micro-batches of one of the lengths.
    package func program(ofLength length: Int) -> StageProgram { lengths[length].program }

    /// The slot's next micro-batch has this length.
    package func choose(length: Int, slot: Int) { lengthOfSlot[slot] = length }

    /// Where the samples lie that share the only row of the slot's next micro-batch.
    package func place(_ documents: [Range<Int>], slot: Int) { self.documents[slot] = documents }

    /// The graph that a slot computes.
    package func graph(ofSlot slot: Int) -> ModelGraph { lengths[lengthOfSlot[slot]].model }

    /// Which length a slot has.
    package func length(ofSlot slot: Int) -> Int { lengthOfSlot[slot] }

    package func tensor(_ place: StageProgram.Place, _ slot: Int) -> Tensor { memory.tensor(place, slot: slot) }

    /// By slot, what the loss is compared with in the longest micro-batches; empty but on the last stage.
    package var targets: [TargetsMessage] { targets(ofLength: lengths.count - 1) }

    /// By slot, what the loss is compared with; empty but on the last stage.
    package func targets(ofLength length: Int) -> [TargetsMessage] { lengths[length].lossFrames.map(\.message) }

    // MARK: Passes

    /// `F`; on the last stage the loss is part of it, and leaves the prediction's gradient. There only those rows of the
    /// prediction are computed whose targets count, where the head can leave others out.
    package func forward(step: Int, microBatch: Int, slot: Int, around node: (Int, () -> Void) -> Void = { $1() }) {
        pass(step: step, microBatch: microBatch, slot: slot, hasLoss: true, around: node)
        if rowLosses != nil { evaluateLoss(microBatch: microBatch, slot: slot) }
    }

    /// The layers alone, without the loss.
    package func predict(step: Int, microBatch: Int, slot: Int, around node: (Int, () -> Void) -> Void = { $1() }) {
        pass(step: step, microBatch: microBatch, slot: slot, hasLoss: false, around: node)
    }

    private func pass(
        step: Int, microBatch: Int, slot: Int, hasLoss: Bool, around node: (Int, () -> Void) -> Void
    ) {
        setKeys(step: step, microBatch: microBatch, slot: slot)
        let length = lengthOfSlot[slot]
        lengths[length].chooseHeadRows(slot, hasLoss: hasLoss, on: backend)
        for local in program.nodes.indices {
            node(local) {
                forward(
                    lengths[length].forwardFrames[slot][local], NodeNumber(local: local, length: length, slot: slot))
            }
        }
    }

    private func evaluateLoss(microBatch: Int, slot: Int) {
        let length = lengths[lengthOfSlot[slot]]
        let (frame, losses) = (length.lossFrames[slot], length.losses[microBatch])
        if frame.gradient.address != frame.prediction.address {
            backend.copy(frame.prediction, to: frame.gradient)
        }
        if let head = length.heads.first.flatMap({ length.headRows($0.node, slot) }) {
            head.evaluate(
                length.model.loss, frame.gradient, frame.shard, frame.message, rowLosses: losses.rows,
                gradientScale: lossScale, on: backend)
        } else {
            length.model.loss.evaluate(
                frame.gradient, frame.shard, targets: frame.message.targets, frame.message.normaliser,
                rowLosses: losses.rows, gradientScale: lossScale, on: backend)
        }
        if let unused = losses.unused { backend.zero(unused) }
        observer?.finishedLoss(stage.nodes.upperBound - 1, losses.rows, on: backend)
    }

    /// `B`: both halves, node by node, while the data is warm.
    /// - Parameter finished: told of each node behind its halves.
    /// - Returns: the spans in which it recomputed activations.
    @discardableResult
    package func backward(
        slot: Int, deferred: Int = 0, finished: (_ local: Int) throws -> Void
    ) rethrows -> [DeviceSpan] {
        try run(slot, deferred) { frame, node in
            backwardInput(frame, node)
            backwardWeight(frame, node)
            try finished(node.local)
        }
    }

    /// `I`
    /// - Parameter deferred: where `W` will look for what it needs of this half.
    @discardableResult
    package func backwardInput(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        run(slot, deferred) { backwardInput($0, $1) }
    }

    /// `W`: recomputes once more, because what was recomputed for `I` is overwritten by now.
    /// - Parameter finished: told of each node behind its half.
    @discardableResult
    package func backwardWeight(
        slot: Int, deferred: Int = 0, finished: (_ local: Int) throws -> Void
    ) rethrows -> [DeviceSpan] {
        try backwardWeight(slot, deferred) { frame, node in
            backwardWeight(frame, node)
            try finished(node.local)
        }
    }

    func backwardWeight(
        _ slot: Int, _ deferred: Int, node: (LayerFrame, NodeNumber) throws -> Void
    ) rethrows -> [DeviceSpan] {
        recomputationSpans.removeAll(keepingCapacity: true)
        guard hasWeightHalf else { return recomputationSpans }
        let length = lengthOfSlot[slot]
        for step in lengths[length].program.backward {
            switch step {
            case .recompute(let local): recomputationSpans.append(recompute(local, slot))
            case .node(let local):
                try node(backwardFrame(local, slot, deferred), NodeNumber(local: local, length: length, slot: slot))
            case .add, .zero: break
            }
        }
        return recomputationSpans
    }

    func run(
        _ slot: Int, _ deferred: Int, node: (LayerFrame, NodeNumber) throws -> Void
    ) rethrows -> [DeviceSpan] {
        recomputationSpans.removeAll(keepingCapacity: true)
        let length = lengthOfSlot[slot]
        func tensor(_ place: StageProgram.Place) -> Tensor { memory.tensor(place, slot: slot, deferred: deferred) }
        for step in lengths[length].program.backward {
            switch step {
            case .recompute(let local): recomputationSpans.append(recompute(local, slot))
            case .node(let local):
                try node(backwardFrame(local, slot, deferred), NodeNumber(local: local, length: length, slot: slot))
            case .add(let part, let sum):
                let sum = tensor(sum)
                backend.add(tensor(part).reshaped(sum.shape), sum, into: sum)
            case .zero(let place): backend.zero(tensor(place))
            }
        }
        return recomputationSpans
    }

    private func recompute(_ local: Int, _ slot: Int) -> DeviceSpan {
        let start = backend.mark()
        let length = lengthOfSlot[slot]
        forward(lengths[length].recomputedFrames[slot][local], NodeNumber(local: local, length: length, slot: slot))
        return DeviceSpan(start: start, end: backend.mark())
    }

    private func backwardFrame(_ local: Int, _ slot: Int, _ deferred: Int) -> LayerFrame {
        lengths[lengthOfSlot[slot]].backwardFrame(local, slot, deferred, in: memory, isTraining: isTraining)
    }

    private func setKeys(step: Int, microBatch: Int, slot: Int) {
        let length = lengthOfSlot[slot]
        for local in program.nodes.indices {
            let key = RandomKey(
                seed: seed, step: UInt32(truncatingIfNeeded: step),
                sample: UInt32(truncatingIfNeeded: (firstMicroBatch + microBatch) * micro),
                layer: Self.stream(of: model.nodes[stage.nodes.lowerBound + local]))
            lengths[length].set(key, documents[slot], local, slot)
        }
    }

    /// Each layer has eight random streams to itself.
    static func stream(of node: Node) -> UInt32 { UInt32(truncatingIfNeeded: node.stream * 8) }
}
