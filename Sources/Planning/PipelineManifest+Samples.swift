package import Datasets
package import Manifests
package import Runs

extension PipelineManifest {
    /// The same with the length of its rows, which decides the shape of everything: where none is written, it is that of the
    /// longest sample, or, packed, of the fullest row of any step; the files are read for it, held-out ones too.
    package func settled(_ cache: ScanCache = .standard) throws(RunFailure) -> PipelineManifest {
        guard data.sequence == nil, data.source.hasLengths else { return self }
        do {
            return try withSequence(longestRow(cache))
        } catch let error as DatasetError {
            throw .badInput((marks["data"].map { "\($0): " } ?? "") + "\(error)")
        } catch {
            throw .badInput(error)
        }
    }

    /// Throws where a step's fullest row has more than `data.sequence` positions.
    package func checkRows(_ cache: ScanCache) throws(RunFailure) {
        guard data.isPacked, let sequence = data.sequence else { return }
        do {
            let fullest = try longestRow(cache)
            guard fullest > sequence else { return }
            throw RunFailure.badInput(
                "\(mark(of: "data")): data.sequence is \(sequence), and a step packs \(fullest) positions into a row; "
                    + "expected as many at least, or more micro-batches of fewer samples")
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput("\(mark(of: "data")): \(error)")
        }
    }

    private func longestRow(_ cache: ScanCache) throws(DatasetError) -> Int {
        let own = try longestRow(of: data.source, steps: reachedMiniBatches, sampleOrder, cache)
        let heldOut = try evaluation.map { evaluation throws(DatasetError) in
            try longestRow(of: evaluation.source, steps: nil, .sequential, cache)
        }
        return max(own, heldOut ?? 1)
    }

    /// Which part of the samples' tokens count as targets: so much of a head's rows is computed. 1 where all count. Looks at
    /// samples at equal distances, as many as 256.
    func countedShare() -> Double {
        guard data.source.hasLengths,
            let dataset = try? data.source.open(sequence: data.sequence, vocabulary: nil, seed: seed)
        else { return 1 }
        let stride = max(1, dataset.sampleCount / 256)
        var (counted, tokens) = (0, 0)
        for sample in Swift.stride(from: 0, to: dataset.sampleCount, by: stride) {
            guard let targets = try? dataset.targetCount(sample: sample),
                let length = try? dataset.tokenCount(ofSample: sample)
            else { return 1 }
            (counted, tokens) = (counted + targets, tokens + length)
        }
        return tokens > 0 ? min(1, Double(counted) / Double(tokens)) : 1
    }

    /// In which order samples are trained on.
    package var sampleOrder: SampleOrder { data.order == .sequential ? .sequential : .shuffled(seed: seed) }

    /// - Parameter steps: how many read the source; nil: as many as it takes to read each sample once.
    private func longestRow(
        of source: Data.Source, steps: Int?, _ order: SampleOrder, _ cache: ScanCache
    ) throws(DatasetError) -> Int {
        guard source.hasLengths else { return 1 }
        guard data.isPacked else { return try source.longestSample(cache) }
        let tokens = try source.tokenCounts()
        let batches = BatchPlan(
            sampleCount: tokens.count, micro: batch.micro, microBatches: batch.microBatchesPerStep, order: order,
            isPacked: true, end: steps == nil ? tokens.count : nil)
        return batches.fullestRow(
            steps: steps ?? (tokens.count - 1) / batches.globalBatch + 1, tokens: tokens)
    }
}

extension PipelineManifest.Data.Source {
    fileprivate func longestSample(_ cache: ScanCache) throws(DatasetError) -> Int {
        switch self {
        case .samples(let path): try SampleFile.longestSample(path: path, cache: cache)
        case .shards(let path): try ShardManifest.load(folder: path).longest
        case .text, .tokens, .random, .rows: 1
        }
    }

    fileprivate func tokenCounts() throws(DatasetError) -> [Int32] {
        switch self {
        case .samples(let path): return try SampleFile.tokenCounts(path: path)
        case .shards(let path):
            let shards = try ShardSet(path: path)
            var counts = [Int32](repeating: 0, count: shards.sampleCount)
            try shards.lengths(of: 0..<counts.count) { (sample, length) throws(DatasetError) in
                counts[sample] = Int32(clamping: length)
            }
            return counts
        case .text, .tokens, .random, .rows: return []
        }
    }
}
