package import Datasets
import Manifests
import Models
package import Planning
import Scheduling
package import Stages
import Tensors

/// The first stage's source of micro-batches: reads ahead on its own thread, fills inputs, and holds the targets until
/// they have travelled to the last stage.
package final class DataFeed {
    /// By slot: on a stage that is also the last, those of its loss.
    let targets: [TargetsMessage]
    private let executor: StageExecutor
    private var reader: Prefetcher<HostBatch>
    private let makeReader: (Range<Int>) throws(DatasetError) -> Prefetcher<HostBatch>
    /// How many targets of the global batch count that the last micro-batch is of.
    private(set) var targetCount = 0
    /// f32 rows on their way into a 16-bit input.
    private let wide: Tensor?

    /// - Parameter depth: micro-batches read ahead.
    package init(_ data: TrainingData, _ plan: TrainingPlan, executor: StageExecutor, depth: Int = 8) throws {
        // The coordinator has looked at the files of its own machine.
        if plan.placement.host(of: plan.placement.rank(ofStage: 0)) == .byHand { try data.check(plan) }
        self.executor = executor
        if executor.program.loss != nil {
            targets = executor.targets
        } else {
            let spec = TargetsMessage.spec(plan.model.targets)
            targets = try (0..<plan.lowered.slotCount[0]).map { _ throws(TensorError) in
                let memory = try executor.backend.allocate(byteCount: spec.byteCount)
                return TargetsMessage(Tensor(memory, spec: spec), targets: plan.model.targets)
            }
        }
        let spec = plan.model.values[plan.model.input].spec
        let isNarrower = data.dataset.inputSpec.dtype == .f32 && spec.dtype != .f32
        wide =
            isNarrower
            ? Tensor(try executor.backend.allocate(byteCount: spec.count * 4), spec: TensorSpec(spec.shape)) : nil
        let read = { (steps: Range<Int>) throws(DatasetError) in
            try Prefetcher(data.dataset, data.batches, steps: steps, depth: depth)
        }
        makeReader = read
        reader = try read(0..<plan.manifest.steps)
    }

    /// The next micro-batch is the first of these steps; none follows their last.
    func read(_ steps: Range<Int>) throws(DatasetError) {
        reader.stop()
        reader = try makeReader(steps)
    }

    /// Fills a slot with the next micro-batch.
    package func fill(slot: Int) throws(DatasetError) {
        guard let item = try reader.next(), let input = executor.program.values[executor.model.input] else {
            preconditionFailure("the reader ended before the run")
        }
        let tensor = executor.tensor(input, slot)
        executor.backend.upload(UnsafeRawBufferPointer(item.buffer.input), to: wide ?? tensor)
        if let wide { executor.backend.cast(wide, into: tensor) }
        executor.backend.upload(UnsafeRawBufferPointer(item.buffer.target), to: targets[slot].targets)
        targetCount = item.buffer.normaliser
        var count = Int64(targetCount)
        withUnsafeBytes(of: &count) { executor.backend.upload($0, to: targets[slot].normaliser) }
    }

    package func stop() { reader.stop() }
}
