internal import Synchronization
internal import Tensors

/// A micro-batch in host memory; its buffers are reused.
package final class HostBatch: @unchecked Sendable {
    /// [rows, …inputSpec] and [rows, …targetSpec], row-major, aligned to 64 bytes; of shorter rows the buffers' beginnings.
    package let input: UnsafeMutableRawBufferPointer
    package let target: UnsafeMutableRawBufferPointer
    /// The whole step that this micro-batch is of.
    package fileprivate(set) var step = StepContents(targets: 0, tokens: nil, layouts: [])
    /// Where this micro-batch's samples lie.
    package fileprivate(set) var layout = MicroBatchLayout(places: [], rows: 0, length: 0)

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
    /// Reads the plan's part of the micro-batches of `steps` in order, up to `depth` of them ahead. With n in each step, item i
    /// is the part's i mod n-th of step `steps.lowerBound` + i / n.
    package convenience init(_ dataset: any Dataset, _ plan: BatchPlan, steps: Range<Int>, depth: Int)
        throws(DatasetError)
    {
        dataset.prepare(for: plan.order)
        let rows = plan.isPacked ? 1 : plan.micro
        let buffers = (0..<depth).map { _ in
            HostBatch(
                inputBytes: rows * dataset.inputSpec.byteCount, targetBytes: rows * dataset.targetSpec.byteCount)
        }
        // Looked at once a step, on the reader's thread: some data sets read their samples for it.
        let current = Mutex<(step: Int, contents: StepContents)?>(nil)
        let (count, overflow) = steps.count.multipliedReportingOverflow(by: plan.part.count)
        try self.init(buffers: buffers, count: overflow ? .max : count) { (item, batch) throws(DatasetError) in
            let (index, place) = item.quotientAndRemainder(dividingBy: plan.part.count)
            let step = steps.lowerBound + index
            let contents = try current.withLock { current throws(DatasetError) in
                if let current, current.step == step { return current.contents }
                let contents = try plan.contents(of: dataset, step: step)
                current = (step, contents)
                return contents
            }
            batch.step = contents
            batch.layout = contents.layouts[plan.part.lowerBound + place]
            try plan.fill(batch.layout, from: dataset, input: batch.input, target: batch.target)
        }
    }
}
