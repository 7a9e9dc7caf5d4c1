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
    package func targetCount(of dataset: some Dataset, step: Int, microBatch: Int) throws(DatasetError) -> Int {
        var count = 0
        for row in 0..<micro {
            count += try dataset.targetCount(sample: sample(step: step, microBatch: microBatch, row: row))
        }
        return count
    }

    package func normaliser(of dataset: some Dataset, step: Int) throws(DatasetError) -> Int {
        var count = 0
        for microBatch in 0..<microBatches {
            count += try targetCount(of: dataset, step: step, microBatch: microBatch)
        }
        return count
    }

    /// Throws where nothing counts in the loss of one of the first so many steps.
    package func checkTargets(of dataset: some Dataset, steps: Int, cache: ScanCache) throws(DatasetError) {
        guard let untargeted = try dataset.untargeted(among: samplesRead(steps: steps), cache: cache) else { return }
        // So many rows in turn hold every sample.
        let rows = 0..<min(globalBatch, 2 * min(sampleCount, globalBatch))
        for step in 0..<steps {
            let samples = rows.lazy.map { sample(step: step, microBatch: $0 / micro, row: $0 % micro) }
            guard samples.allSatisfy({ untargeted[$0] }) else { continue }
            let all = Set(samples).sorted()
            let shown = all.prefix(Self.shownSamples)
            throw .noTarget(step: step + 1, samples: shown.map(dataset.location), more: all.count - shown.count)
        }
    }

    /// In errors: each is looked for in its file.
    private static let shownSamples = 4

    /// How many of the first samples, in the order of storage, so many steps may read.
    package func samplesRead(steps: Int) -> Int {
        let (count, overflow) = steps.multipliedReportingOverflow(by: globalBatch)
        return order == .sequential && !overflow ? min(count, sampleCount) : sampleCount
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
