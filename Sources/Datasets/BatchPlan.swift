internal import Tensors

/// Which samples each micro-batch of each step holds.
///
/// Step k trains on positions k·G … k·G + G − 1 of the order (G = micro × microBatches), in that order over its
/// micro-batches. Behind the last sample the next epoch begins.
package struct BatchPlan: Hashable, Sendable {
    package let sampleCount: Int
    /// Samples of one micro-batch.
    package let micro: Int
    package let microBatches: Int
    package let order: SampleOrder

    package init(sampleCount: Int, micro: Int, microBatches: Int, order: SampleOrder) {
        precondition(sampleCount >= 1 && micro >= 1 && microBatches >= 1, "an empty batch")
        self.sampleCount = sampleCount
        self.micro = micro
        self.microBatches = microBatches
        self.order = order
    }

    /// G, the samples of one step.
    package var globalBatch: Int { micro * microBatches }

    /// The sample in row `row` of a micro-batch.
    package func sample(step: Int, microBatch: Int, row: Int) -> Int {
        precondition(step >= 0 && (0..<microBatches).contains(microBatch) && (0..<micro).contains(row), "no such row")
        let position = UInt128(step) * UInt128(globalBatch) + UInt128(microBatch * micro + row)
        return order.sample(at: position, of: sampleCount)
    }

    package func samples(step: Int, microBatch: Int) -> [Int] {
        (0..<micro).map { sample(step: step, microBatch: microBatch, row: $0) }
    }

    /// How many target elements count in the loss of one micro-batch, and of a whole step: the loss's normaliser.
    package func targetCount(of dataset: some Dataset, step: Int, microBatch: Int) -> Int {
        (0..<micro).reduce(0) {
            $0 + dataset.targetCount(sample: sample(step: step, microBatch: microBatch, row: $1))
        }
    }

    package func normaliser(of dataset: some Dataset, step: Int) -> Int {
        (0..<microBatches).reduce(0) { $0 + targetCount(of: dataset, step: step, microBatch: $1) }
    }

    /// Fills the buffers of a micro-batch, row by row: [micro, …inputSpec] and [micro, …targetSpec].
    package func fill(
        step: Int, microBatch: Int, from dataset: some Dataset, input: UnsafeMutableRawBufferPointer,
        target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        let (inputBytes, targetBytes) = (dataset.inputSpec.byteCount, dataset.targetSpec.byteCount)
        precondition(
            input.count == micro * inputBytes && target.count == micro * targetBytes, "a micro-batch's buffers")
        for row in 0..<micro {
            try dataset.fill(
                sample: sample(step: step, microBatch: microBatch, row: row),
                input: UnsafeMutableRawBufferPointer(rebasing: input[row * inputBytes..<(row + 1) * inputBytes]),
                target: UnsafeMutableRawBufferPointer(rebasing: target[row * targetBytes..<(row + 1) * targetBytes]))
        }
    }
}
