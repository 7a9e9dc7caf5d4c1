import Layers
import Models
import Tensors

/// What a stage needs for micro-batches of one length: their graph, and the frames of its layers, in memory that all
/// lengths share.
struct StageLength {
    let model: ModelGraph
    let program: StageProgram
    /// By node: specs of pieces of scratch.
    private let pieces: [Signature]
    /// By slot, by node.
    private(set) var forwardFrames: [[LayerFrame]]
    private(set) var recomputedFrames: [[LayerFrame]]
    /// By slot, by deferred slot, by node: empty before the schedule first brings the two together.
    private var backwardFrames: [[[LayerFrame]]]
    /// By slot; empty but on the last stage.
    private(set) var lossFrames: [LossFrame] = []
    /// By slot; empty where the head computes all rows.
    private(set) var heads: [HeadRows] = []
    /// By micro-batch; empty but on the last stage.
    private(set) var losses: [RowLosses] = []

    struct LossFrame {
        var prediction: Tensor
        var gradient: Tensor
        var message: TargetsMessage
        /// Where the prediction's channels are split.
        var shard: PredictionShard?
    }

    /// Where the losses of a micro-batch's rows lie, and what longer micro-batches have behind them.
    struct RowLosses {
        var rows: Tensor
        var unused: Tensor?
    }

    /// - Parameter losses: where all rows' losses lie, the longest micro-batches', and of how many micro-batches.
    init(
        _ model: ModelGraph, nodes: Range<Int>, _ program: StageProgram, _ memory: StageMemory, slots: Int,
        deferredSlots: Int,
        isTraining: Bool, losses: (Tensor, microBatches: Int)?
    ) {
        self.model = model
        self.program = program
        let pieces = model.nodes[nodes].map(\.plan.pieces)
        self.pieces = pieces
        forwardFrames = (0..<slots).map {
            memory.forwardFrames(program, \.forward, slot: $0, isTraining: isTraining).with(pieces)
        }
        recomputedFrames = (0..<slots).map {
            memory.forwardFrames(program, \.recomputed, slot: $0, isTraining: isTraining).with(pieces)
        }
        backwardFrames = Array(repeating: Array(repeating: [], count: max(deferredSlots, 1)), count: slots)
        guard let (all, microBatches) = losses, let loss = program.loss else { return }
        let (room, rows) = (all.count / microBatches, model.loss.rows(for: [model.values[model.prediction].spec]))
        self.losses = (0..<microBatches).map { microBatch in
            RowLosses(
                rows: all.slice(start: microBatch * room, [rows]),
                unused: rows < room ? all.slice(start: microBatch * room + rows, [room - rows]) : nil)
        }
        let shard = loss.parts.flatMap { parts in
            memory.group.map { group in
                PredictionShard(
                    first: model.predictionChannels?.lowerBound ?? 0, parts: memory.tensor(parts, slot: 0), group: group
                )
            }
        }
        lossFrames = (0..<slots).map { slot in
            LossFrame(
                prediction: memory.tensor(loss.prediction, slot: slot),
                gradient: memory.tensor(loss.gradient, slot: slot),
                message: TargetsMessage(memory.tensor(loss.message, slot: slot), targets: model.targets), shard: shard)
        }
        guard let head = loss.head, let ignored = model.loss.ignoredTarget else { return }
        heads = (0..<slots).map { HeadRows(head, ignored: ignored, memory, slot: $0) }
    }

    /// Which rows of the slot's micro-batch the head computes.
    /// - Parameter hasLoss: whether its loss alone is asked for.
    mutating func chooseHeadRows(_ slot: Int, hasLoss: Bool, on backend: any Backend) {
        guard !heads.isEmpty else { return }
        if hasLoss {
            heads[slot].choose(by: lossFrames[slot].message.targets, on: backend)
        } else {
            heads[slot].chooseAll()
        }
    }

    /// Of a node that computes some of the slot's rows alone; nil: it computes all.
    func headRows(_ local: Int, _ slot: Int) -> HeadRows? {
        guard !heads.isEmpty, heads[slot].node == local, heads[slot].isPartial else { return nil }
        return heads[slot]
    }

    mutating func setTraining(_ isTraining: Bool) {
        for slot in forwardFrames.indices {
            for local in forwardFrames[slot].indices { forwardFrames[slot][local].isTraining = isTraining }
        }
    }

    mutating func set(_ key: RandomKey, _ documents: [Range<Int>], _ local: Int, _ slot: Int) {
        forwardFrames[slot][local].key = key
        forwardFrames[slot][local].documents = documents
        recomputedFrames[slot][local].key = key
        recomputedFrames[slot][local].documents = documents
    }

    /// With the random key and the documents that the slot's forward had.
    mutating func backwardFrame(
        _ local: Int, _ slot: Int, _ deferred: Int, in memory: StageMemory, isTraining: Bool
    ) -> LayerFrame {
        if backwardFrames[slot][deferred].isEmpty {
            backwardFrames[slot][deferred] = memory.backwardFrames(
                program, slot: slot, deferred: deferred, isTraining: isTraining
            ).with(pieces)
        }
        backwardFrames[slot][deferred][local].key = forwardFrames[slot][local].key
        backwardFrames[slot][deferred][local].documents = forwardFrames[slot][local].documents
        return backwardFrames[slot][deferred][local]
    }
}

extension [LayerFrame] {
    /// Of all nodes, in their order.
    fileprivate func with(_ pieces: [Signature]) -> [LayerFrame] {
        zip(self, pieces).map { frame, pieces in
            var frame = frame
            frame.pieces = pieces
            return frame
        }
    }
}

extension Tensor {
    static func make(_ spec: TensorSpec, on backend: any Backend) throws(TensorError) -> Tensor {
        Tensor(try backend.allocate(byteCount: spec.byteCount), spec: spec)
    }
}
