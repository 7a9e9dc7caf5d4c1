import Layers
import Models
import Tensors

/// Which rows of a slot's micro-batch the head computes: those whose targets count. Nothing depends on the others' logits,
/// and in fine-tuning they are most.
///
/// Before each pass the rows are gathered into a smaller matrix; their gradients are put back in their places. Their number
/// is rounded up to a multiple of `ModelGraph.headRows` with rows that do not count.
struct HeadRows {
    /// Counted from the stage's first.
    let node: Int
    private let ignored: Int32
    private let rows: Tensor
    private let targets: Tensor
    private let losses: Tensor
    private let input: Tensor
    private let backward: Tensor?
    /// On the host, with room for all.
    private var chosen: [Int32] = []
    /// Whether the head computes some rows alone, those of `chosen`; else all, where they lie.
    private(set) var isPartial = false

    /// Computes all rows until others are chosen.
    init(_ places: StageProgram.HeadPlaces, ignored: Int32, _ memory: StageMemory, slot: Int) {
        func tensor(_ place: StageProgram.Place) -> Tensor { memory.tensor(place, slot: slot) }
        node = places.node
        self.ignored = ignored
        rows = tensor(places.rows)
        (targets, losses) = (tensor(places.targets), tensor(places.losses))
        (input, backward) = (tensor(places.input), places.backward.map(tensor))
        chosen.reserveCapacity(rows.count)
    }

    /// What of the head's work is done.
    var share: Double { isPartial ? Double(chosen.count) / Double(rows.count) : 1 }

    mutating func chooseAll() { isPartial = false }

    /// - Parameter targets: i32, one for each row of the micro-batch.
    mutating func choose(by targets: Tensor, on backend: any Backend) {
        isPartial = backend.withBytes(of: targets) { choose(by: $0.bindMemory(to: Int32.self)) }
        guard isPartial else { return }
        chosen.withUnsafeBytes { backend.upload($0, to: rows.slice(start: 0, [chosen.count])) }
    }

    /// False where it takes all rows.
    private mutating func choose(by targets: UnsafeBufferPointer<Int32>) -> Bool {
        chosen.removeAll(keepingCapacity: true)
        let counted = targets.reduce(0) { $1 == ignored ? $0 : $0 + 1 }
        let multiple = ModelGraph.headRows
        let whole = (counted + multiple - 1) / multiple * multiple
        guard whole < targets.count else { return false }
        var others = whole - counted
        for (row, target) in targets.enumerated() where target != ignored || others > 0 {
            if target == ignored { others -= 1 }
            chosen.append(Int32(truncatingIfNeeded: row))
        }
        return true
    }

    // MARK: Passes

    /// - Returns: the frame of the rows that were computed.
    func forward(_ layer: any Layer, _ frame: LayerFrame, on backend: any Backend) -> LayerFrame {
        var frame = frame
        frame.inputs[0] = gathered(frame.inputs[0], into: input, on: backend)
        frame.outputs[0] = first(of: frame.outputs[0])
        if !chosen.isEmpty { layer.forward(frame, on: backend) }
        return frame
    }

    /// The loss of the rows that were computed; those of all others are 0.
    /// - Parameters:
    ///   - gradient: holds the prediction, as `Loss.evaluate` takes it.
    ///   - rowLosses: of all rows.
    func evaluate(
        _ loss: any Loss, _ gradient: Tensor, _ shard: PredictionShard?, _ message: TargetsMessage, rowLosses: Tensor,
        gradientScale: Float, on backend: any Backend
    ) {
        guard !chosen.isEmpty else { return backend.zero(rowLosses) }
        let all: Shape = [rows.count, 1]
        let (targets, losses) = (
            gathered(message.targets.reshaped(all), into: targets, on: backend), first(of: losses)
        )
        loss.evaluate(
            first(of: gradient), shard, targets: targets.reshaped([chosen.count]), message.normaliser,
            rowLosses: losses.reshaped([chosen.count]), gradientScale: gradientScale, on: backend)
        backend.scatterRows(losses, numbers, into: rowLosses.reshaped(all))
    }

    /// - Returns: the frame of the rows that were computed.
    func backwardInput(_ layer: any Layer, _ frame: LayerFrame, on backend: any Backend) -> LayerFrame {
        var part = frame
        part.outputGradients[0] = first(of: frame.outputGradients[0])
        if let dx = frame.inputGradients[0], let backward {
            let gathered = first(of: backward)
            part.inputGradients[0] = gathered
            if !chosen.isEmpty { layer.backwardInput(part, on: backend) }
            backend.scatterRows(gathered, numbers, into: dx)
        }
        return part
    }

    /// - Returns: the frame of the rows that were computed.
    func backwardWeight(_ layer: any Layer, _ frame: LayerFrame, on backend: any Backend) -> LayerFrame {
        var frame = frame
        frame.outputGradients[0] = first(of: frame.outputGradients[0])
        if let backward { frame.inputs[0] = gathered(frame.inputs[0], into: backward, on: backend) }
        if !chosen.isEmpty { layer.backwardWeight(frame, on: backend) }
        return frame
    }

    private var numbers: Tensor { rows.slice(start: 0, [chosen.count]) }

    private func first(of x: Tensor) -> Tensor { x.slice(start: 0, [chosen.count, x.shape.width]) }

    private func gathered(_ x: Tensor, into y: Tensor, on backend: any Backend) -> Tensor {
        let y = first(of: y)
        backend.gatherRows(x, numbers, into: y)
        return y
    }
}
