internal import Tensors

/// A micro-batch in host memory; its buffers are reused.
package final class HostBatch: @unchecked Sendable {
    /// [micro, …inputSpec] and [micro, …targetSpec], row-major, aligned to 64 bytes.
    package let input: UnsafeMutableRawBufferPointer
    package let target: UnsafeMutableRawBufferPointer

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
        let (count, overflow) = steps.count.multipliedReportingOverflow(by: plan.microBatches)
        try self.init(buffers: buffers, count: overflow ? .max : count) { (item, batch) throws(DatasetError) in
            let (step, microBatch) = item.quotientAndRemainder(dividingBy: plan.microBatches)
            try plan.fill(
                step: steps.lowerBound + step, microBatch: microBatch, from: dataset, input: batch.input,
                target: batch.target)
        }
    }
}
