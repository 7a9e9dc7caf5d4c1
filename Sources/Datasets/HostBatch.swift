internal import Synchronization
internal import Tensors

/// A micro-batch in host memory; its buffers are reused.
package final class HostBatch: @unchecked Sendable {
    /// [micro, …inputSpec] and [micro, …targetSpec], row-major, aligned to 64 bytes.
    package let input: UnsafeMutableRawBufferPointer
    package let target: UnsafeMutableRawBufferPointer
    /// How many targets count in the whole step that this micro-batch is of.
    package fileprivate(set) var normaliser = 0

    package init(inputBytes: Int, targetBytes: Int) {
        input = .allocate(byteCount: inputBytes, alignment: 64)
        target = .allocate(byteCount: targetBytes, alignment: 64)
    }

    deinit {
        input.deallocate()
        target.deallocate()
    }
}

extension Prefetcher where Buffer == HostBatch {
    /// Reads the micro-batches of `steps` in order, up to `depth` of them ahead. Item i is micro-batch
    /// i mod microBatches of step `steps.lowerBound` + i / microBatches.
    package convenience init(_ dataset: any Dataset, _ plan: BatchPlan, steps: Range<Int>, depth: Int)
        throws(DatasetError)
    {
        dataset.prepare(for: plan.order)
        let buffers = (0..<depth).map { _ in
            HostBatch(
                inputBytes: plan.micro * dataset.inputSpec.byteCount,
                targetBytes: plan.micro * dataset.targetSpec.byteCount)
        }
        // Counted once a step, on the reader's thread: some data sets read their samples for it.
        let counted = Mutex<(step: Int, normaliser: Int)?>(nil)
        let (count, overflow) = steps.count.multipliedReportingOverflow(by: plan.microBatches)
        try self.init(buffers: buffers, count: overflow ? .max : count) { (item, batch) throws(DatasetError) in
            let (index, microBatch) = item.quotientAndRemainder(dividingBy: plan.microBatches)
            let step = steps.lowerBound + index
            batch.normaliser = try counted.withLock { counted throws(DatasetError) in
                if let counted, counted.step == step { return counted.normaliser }
                let normaliser = try plan.normaliser(of: dataset, step: step)
                counted = (step, normaliser)
                return normaliser
            }
            try plan.fill(
                step: step, microBatch: microBatch, from: dataset, input: batch.input, target: batch.target)
        }
    }
}
