import Layers
package import Models
package import Tensors

/// Runs the passes of one stage on its device. Independent of schedules and sockets: the caller names the micro-batch and
/// the slot.
package final class StageExecutor {
    package let model: ModelGraph
    package let stage: PipelineLayout.Stage
    package let program: StageProgram
    package let backend: any Backend
    package let memory: StageMemory
    private let seed: UInt64
    private let micro: Int
    /// What the loss's gradient is multiplied with, so that small f16 gradients do not vanish.
    package var lossScale: Float = 1
    /// Set only while a failure is diagnosed.
    package var observer: (any PassObserver)?
    private let isTraining: Bool
    /// By slot, by node.
    private var forwardFrames: [[LayerFrame]]
    private var recomputedFrames: [[LayerFrame]]
    /// By slot, by deferred slot, by node: empty before the schedule first brings the two together.
    private var backwardFrames: [[[LayerFrame]]]
    private var lossFrames: [LossFrame] = []
    /// When the last backward pass recomputed activations.
    private var recomputationSpans: [DeviceSpan] = []
    /// f32[micro-batches × rows]: every row's own loss, so that their sum does not depend on the schedule's order.
    private let rowLosses: Tensor?
    /// The parts of `rowLosses`, by micro-batch.
    private let microBatchLosses: [Tensor]

    private struct LossFrame {
        var prediction: Tensor
        var gradient: Tensor
        var message: TargetsMessage
    }

    package init(
        model: ModelGraph, layout: PipelineLayout, stage index: Int, slots: Int, deferredSlots: Int = 1,
        microBatches: Int, micro: Int, seed: UInt64, splitsBackward: Bool, recomputation: Recomputation = .none,
        isTraining: Bool = true, on backend: any Backend
    ) throws(TensorError) {
        self.model = model
        self.backend = backend
        self.seed = seed
        self.micro = micro
        self.isTraining = isTraining
        stage = layout.stages[index]
        program = StageProgram(
            model, layout, stage: index, splitsBackward: splitsBackward,
            recomputation: recomputation, on: backend)
        memory = try StageMemory(
            model, nodes: stage.nodes, program: program, slots: slots, deferredSlots: deferredSlots,
            dtype: model.dtype, isTraining: isTraining, on: backend)
        let (memory, program) = (memory, program)
        forwardFrames = (0..<slots).map {
            memory.forwardFrames(program, \.forward, slot: $0, isTraining: isTraining)
        }
        recomputedFrames = (0..<slots).map {
            memory.forwardFrames(program, \.recomputed, slot: $0, isTraining: isTraining)
        }
        backwardFrames = Array(repeating: Array(repeating: [], count: max(deferredSlots, 1)), count: slots)
        if program.loss != nil {
            let rows = model.loss.rows(for: [model.values[model.prediction].spec])
            let spec = TensorSpec([microBatches * rows])
            let losses = Tensor(try backend.allocate(byteCount: spec.byteCount), spec: spec)
            microBatchLosses = (0..<microBatches).map { losses.slice(start: $0 * rows, [rows]) }
            rowLosses = losses
        } else {
            microBatchLosses = []
            rowLosses = nil
        }
        recomputationSpans.reserveCapacity(program.nodes.count)
        guard let loss = program.loss else { return }
        lossFrames = (0..<slots).map { slot in
            LossFrame(
                prediction: tensor(loss.prediction, slot), gradient: tensor(loss.gradient, slot),
                message: TargetsMessage(tensor(loss.message, slot), targets: model.targets))
        }
    }

    package func tensor(_ place: StageProgram.Place, _ slot: Int) -> Tensor { memory.tensor(place, slot: slot) }

    /// By slot, what the loss is compared with; empty but on the last stage.
    package var targets: [TargetsMessage] { lossFrames.map(\.message) }

    // MARK: Passes

    /// `F`; on the last stage the loss is part of it, and leaves the prediction's gradient.
    package func forward(step: Int, microBatch: Int, slot: Int, around node: (Int, () -> Void) -> Void = { $1() }) {
        predict(step: step, microBatch: microBatch, slot: slot, around: node)
        if rowLosses != nil { evaluateLoss(microBatch: microBatch, slot: slot) }
    }

    /// The layers alone, without the loss.
    package func predict(step: Int, microBatch: Int, slot: Int, around node: (Int, () -> Void) -> Void = { $1() }) {
        setKeys(step: step, microBatch: microBatch, slot: slot)
        for local in program.nodes.indices {
            node(local) { forward(local, forwardFrames[slot][local]) }
        }
    }

    private func forward(_ local: Int, _ frame: LayerFrame) {
        let node = node(local)
        node.layer.forward(frame, on: backend)
        observer?.finishedForward(stage.nodes.lowerBound + local, frame, on: backend)
        backend.simulate(Work(flops: node.plan.cost.forward, units: units(node)))
    }

    private func node(_ local: Int) -> Node { model.nodes[stage.nodes.lowerBound + local] }

    private func evaluateLoss(microBatch: Int, slot: Int) {
        let frame = lossFrames[slot]
        if frame.gradient.address != frame.prediction.address {
            backend.copy(frame.prediction, to: frame.gradient)
        }
        model.loss.evaluate(
            frame.gradient, targets: frame.message.targets, normaliser: frame.message.normaliser,
            rowLosses: microBatchLosses[microBatch], gradientScale: lossScale, on: backend)
        observer?.finishedLoss(stage.nodes.upperBound - 1, microBatchLosses[microBatch], on: backend)
    }

    /// `B`: both halves, node by node, while the data is warm.
    /// - Returns: the spans in which it recomputed activations.
    @discardableResult
    package func backward(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        run(slot, deferred) { frame, local in
            backwardInput(frame, local)
            backwardWeight(frame, local)
        }
    }

    /// `I`
    /// - Parameter deferred: where `W` will look for what it needs of this half.
    @discardableResult
    package func backwardInput(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        run(slot, deferred) { backwardInput($0, $1) }
    }

    /// `W`: recomputes once more, because what was recomputed for `I` is overwritten by now.
    @discardableResult
    package func backwardWeight(slot: Int, deferred: Int = 0) -> [DeviceSpan] {
        backwardWeight(slot, deferred) { backwardWeight($0, $1) }
    }

    func backwardWeight(_ slot: Int, _ deferred: Int, node: (LayerFrame, Int) -> Void) -> [DeviceSpan] {
        recomputationSpans.removeAll(keepingCapacity: true)
        for step in program.backward {
            switch step {
            case .recompute(let local): recomputationSpans.append(recompute(local, slot))
            case .node(let local): node(backwardFrame(local, slot, deferred), local)
            case .add, .zero: break
            }
        }
        return recomputationSpans
    }

    func run(_ slot: Int, _ deferred: Int, node: (LayerFrame, Int) -> Void) -> [DeviceSpan] {
        recomputationSpans.removeAll(keepingCapacity: true)
        func tensor(_ place: StageProgram.Place) -> Tensor { memory.tensor(place, slot: slot, deferred: deferred) }
        for step in program.backward {
            switch step {
            case .recompute(let local): recomputationSpans.append(recompute(local, slot))
            case .node(let local): node(backwardFrame(local, slot, deferred), local)
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
        forward(local, recomputedFrames[slot][local])
        return DeviceSpan(start: start, end: backend.mark())
    }

    /// With the random key that the slot's forward had.
    private func backwardFrame(_ local: Int, _ slot: Int, _ deferred: Int) -> LayerFrame {
        if backwardFrames[slot][deferred].isEmpty {
            backwardFrames[slot][deferred] = memory.backwardFrames(
                program, slot: slot, deferred: deferred, isTraining: isTraining)
        }
        backwardFrames[slot][deferred][local].key = forwardFrames[slot][local].key
        return backwardFrames[slot][deferred][local]
    }

    func backwardInput(_ frame: LayerFrame, _ local: Int) {
        let node = node(local)
        node.layer.backwardInput(frame, on: backend)
        observer?.finishedBackwardInput(stage.nodes.lowerBound + local, frame, on: backend)
        backend.simulate(Work(flops: node.plan.cost.backwardInput, units: units(node)))
    }

    func backwardWeight(_ frame: LayerFrame, _ local: Int) {
        let node = node(local)
        node.layer.backwardWeight(frame, on: backend)
        observer?.finishedBackwardWeight(stage.nodes.lowerBound + local, frame, on: backend)
        backend.simulate(Work(flops: node.plan.cost.backwardWeight, units: units(node)))
    }

    /// An entry of the Sequential counts as one unit, however many nodes it became.
    private func units(_ node: Node) -> Double { 1 / Double(model.entries[node.entry].nodes.count) }

    private func setKeys(step: Int, microBatch: Int, slot: Int) {
        for local in program.nodes.indices {
            let key = RandomKey(
                seed: seed, step: UInt32(truncatingIfNeeded: step),
                sample: UInt32(truncatingIfNeeded: microBatch * micro),
                layer: Self.stream(ofNode: stage.nodes.lowerBound + local))
            forwardFrames[slot][local].key = key
            recomputedFrames[slot][local].key = key
        }
    }

    /// Each node has eight random streams to itself.
    static func stream(ofNode node: Int) -> UInt32 { UInt32(truncatingIfNeeded: node * 8) }

    // MARK: Results of a step

    /// Σ over the global batch of every row's loss, not yet divided; nil but on the last stage.
    package func lossSum() -> Double? { rowLosses.map { backend.sum($0) } }

    /// Σ of the squared gradients of each node that has parameters, in the model's order. A tie counts at its first member,
    /// once all members hold the sum.
    package func gradientSquares() -> [Double] {
        var squares = backend.sumsOfSquares(memory.allCountedGradients)[...]
        return zip(memory.gradients, memory.countedGradients).lazy.filter { !$0.0.isEmpty }.map { _, counted in
            defer { squares = squares.dropFirst(counted.count) }
            return squares.prefix(counted.count).reduce(0, +)
        }
    }
}
