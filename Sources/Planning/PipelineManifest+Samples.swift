package import Datasets
package import Manifests
package import Runs

extension PipelineManifest {
    /// The same with the length of its rows, which decides the shape of everything: where none is written, it is that of the
    /// longest sample, or, packed, of the fullest row of any step; the file is read for it.
    package func settled(_ cache: ScanCache = .standard) throws(RunFailure) -> PipelineManifest {
        guard data.sequence == nil, data.source.hasLengths else { return self }
        do {
            return try withSequence(data.isPacked ? fullestRow() : longestSample(cache))
        } catch let error as DatasetError {
            throw .badInput((marks["data"].map { "\($0): " } ?? "") + "\(error)")
        } catch {
            throw .badInput(error)
        }
    }

    /// How many positions the fullest row has of any step, where samples share rows.
    package func fullestRow() throws(DatasetError) -> Int {
        let tokens = try tokenCounts()
        let batches = BatchPlan(
            sampleCount: tokens.count, micro: batch.micro, microBatches: batch.microBatches, order: sampleOrder,
            ladder: nil, isPacked: true)
        return batches.fullestRow(steps: steps, tokens: tokens)
    }

    /// In which order samples are trained on.
    package var sampleOrder: SampleOrder { data.order == .sequential ? .sequential : .shuffled(seed: seed) }

    private func longestSample(_ cache: ScanCache) throws(DatasetError) -> Int {
        switch data.source {
        case .samples(let path): try SampleFile.longestSample(path: path, cache: cache)
        case .text, .tokens, .random, .rows: 1
        }
    }

    private func tokenCounts() throws(DatasetError) -> [Int32] {
        switch data.source {
        case .samples(let path): try SampleFile.tokenCounts(path: path)
        case .text, .tokens, .random, .rows: []
        }
    }
}
