package import Datasets
import Manifests
package import Models
package import Planning
import Runs
import Scheduling
package import Stages
import Tensors

/// The first stage's source of micro-batches: reads ahead on its own thread, fills inputs, and holds the targets until
/// they have travelled to the last stage.
package final class DataFeed {
    /// By length and slot: on a stage that is also the last, those of its loss.
    let targets: [[TargetsMessage]]
    private let executor: StageExecutor
    private var reader: Prefetcher<HostBatch>
    private let makeReader: (Range<Int>) throws(DatasetError) -> Prefetcher<HostBatch>
    /// What the step has that the last micro-batch is of.
    private(set) var step = StepContents(targets: 0, tokens: nil, layouts: [])
    private let ladder: LengthLadder?
    private let isPacked: Bool
    /// Of a micro-batch, forward and backward.
    private let flopsOfLength: [Double]
    /// What the run evaluates on; nil: on nothing.
    let heldOut: HeldOutData?
    /// The micro-batches of each step that are read here.
    private let part: Range<Int>
    /// f32 rows on their way into a 16-bit input.
    private let wide: Tensor?

    /// - Parameters:
    ///   - heldOut: what the run evaluates on.
    ///   - first: the first of a step's micro-batches that is read here; as many as a replica has are.
    ///   - graphs: of the model, for each length of micro-batches.
    ///   - depth: micro-batches read ahead.
    package init(
        _ data: TrainingData, heldOut: HeldOutData? = nil, _ plan: TrainingPlan, first: Int = 0, _ graphs: [ModelGraph],
        executor: StageExecutor, depth: Int = 8
    ) throws {
        part = first..<first + plan.manifest.batch.microBatches
        let batches = data.batches.reading(part)
        // The coordinator has looked at the files of its own machine.
        let replica = first / plan.manifest.batch.microBatches
        if plan.placement.host(of: plan.placement.rank(ofStage: 0, replica: replica)) != .coordinator {
            try data.check(plan)
            try heldOut?.check(plan)
        }
        self.heldOut = heldOut
        self.executor = executor
        if executor.program.loss != nil {
            targets = (0..<executor.lengthCount).map { executor.targets(ofLength: $0) }
        } else {
            let size = TargetsMessage.spec(plan.model.targets).byteCount
            let slots = try (0..<plan.slotCount(ofStage: 0)).map { _ throws(TensorError) in
                try executor.backend.allocate(byteCount: size)
            }
            targets = graphs.map { graph in
                slots.map {
                    TargetsMessage(Tensor($0, spec: TargetsMessage.spec(graph.targets)), targets: graph.targets)
                }
            }
        }
        ladder = data.batches.ladder
        isPacked = data.batches.isPacked
        flopsOfLength = graphs.map(\.flopsPerMicroBatch)
        let spec = plan.model.values[plan.model.input].spec
        let isNarrower = data.dataset.inputSpec.dtype == .f32 && spec.dtype != .f32
        wide =
            isNarrower
            ? Tensor(try executor.backend.allocate(byteCount: spec.count * 4), spec: TensorSpec(spec.shape)) : nil
        let read = { (steps: Range<Int>) throws(DatasetError) in
            try Prefetcher(data.dataset, batches, steps: steps, depth: depth)
        }
        makeReader = read
        reader = try read(0..<plan.manifest.steps)
    }

    /// The next micro-batch is the first of these steps; none follows their last.
    func read(_ steps: Range<Int>) throws(DatasetError) {
        reader.stop()
        reader = try makeReader(steps)
    }

    /// In `body` the held-out micro-batches follow, from the first one on; behind it, the run's own go on where they were.
    func readingHeldOut(_ body: () throws -> Void) throws {
        guard let heldOut else { return try body() }
        let (own, step) = (reader, step)
        reader = try heldOut.reader(part, depth: 4)
        defer {
            reader.stop()
            (reader, self.step) = (own, step)
        }
        try body()
    }

    /// Fills a slot with the next micro-batch.
    /// - Returns: which of the lengths it has.
    @discardableResult
    package func fill(slot: Int) throws(DatasetError) -> Int {
        guard let item = try reader.next() else { preconditionFailure("the reader ended before the run") }
        let batch = item.buffer
        let length = ladder?.rungs.firstIndex(of: batch.layout.length) ?? executor.lengthCount - 1
        executor.choose(length: length, slot: slot)
        if isPacked { executor.place(batch.layout.documents, slot: slot) }
        guard let input = executor.program(ofLength: length).values[executor.model.input] else {
            preconditionFailure("the first stage has the input")
        }
        let tensor = executor.tensor(input, slot)
        executor.backend.upload(batch.input, to: wide ?? tensor)
        if let wide { executor.backend.cast(wide, into: tensor) }
        let message = targets[length][slot]
        executor.backend.upload(batch.target, to: message.targets)
        step = batch.step
        var count = Int64(step.targets)
        withUnsafeBytes(of: &count) { executor.backend.upload($0, to: message.normaliser) }
        return length
    }

    /// What the step's micro-batches held; nil where all have one shape.
    var work: StepWork? {
        guard let ladder, let tokens = step.tokens else { return nil }
        let flops = step.layouts.reduce(0.0) { sum, layout in
            sum + flopsOfLength[ladder.rungs.firstIndex(of: layout.length) ?? flopsOfLength.count - 1]
        }
        return StepWork(
            tokens: tokens, positions: step.positions,
            computed: step.layouts.reduce(0) { $0 + $1.rows * $1.length }, flops: flops)
    }

    package func stop() { reader.stop() }
}

extension Backend {
    /// The beginning of a buffer that longer micro-batches fill.
    fileprivate func upload(_ buffer: UnsafeMutableRawBufferPointer, to tensor: Tensor) {
        upload(UnsafeRawBufferPointer(rebasing: buffer[..<tensor.byteCount]), to: tensor)
    }
}
