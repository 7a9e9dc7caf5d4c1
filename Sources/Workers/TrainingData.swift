package import Datasets
import Families
import Glibc
import Manifests
import Models
package import Planning
package import Runs
import Systems
import Tensors

/// The data set that a manifest names, opened and checked; and which samples each micro-batch holds.
package struct TrainingData: Sendable {
    let dataset: any Dataset
    let batches: BatchPlan

    /// Throws a user's mistake: a missing or short file, rows that do not fit the model.
    /// - Parameter isLongest: whether every micro-batch is as long as the longest one.
    package init(_ plan: TrainingPlan, isLongest: Bool = false) throws(RunFailure) {
        let manifest = plan.manifest
        do {
            dataset = SimulatedFaults(manifest).reading(
                try manifest.data.source.open(
                    sequence: manifest.data.sequence, vocabulary: plan.model.vocabulary, seed: manifest.seed),
                micro: manifest.batch.micro)
        } catch {
            throw .badInput((manifest.marks["data"].map { "\($0): " } ?? "") + "\(error)")
        }
        let rows = manifest.data.rows(manifest.batch)
        guard dataset.targetSpec.count * rows == plan.model.targets.count,
            dataset.targetSpec.dtype == plan.model.targets.dtype
        else {
            let expected = plan.model.targets
            let got = TensorSpec(
                Shape([rows] + dataset.targetSpec.shape.extents), dataset.targetSpec.dtype)
            throw .badInput(
                "\(manifest.model.mark): the loss wants targets \(expected), the data set has \(got): choose a loss and a data set that fit"
            )
        }
        batches = BatchPlan(
            sampleCount: dataset.sampleCount, micro: manifest.batch.micro,
            microBatches: manifest.batch.microBatchesPerStep,
            order: manifest.sampleOrder, ladder: isLongest ? plan.ladder?.longest : plan.ladder,
            isPacked: manifest.data.isPacked)
    }

    /// Reads what the run will train on and throws a user's mistake where that cannot be trained on: a token outside the
    /// vocabulary must not be found on the tenth day.
    /// - Parameter needsTargets: whether something must count in each step's loss.
    package func check(
        _ plan: TrainingPlan, needsTargets: Bool = true, cache: ScanCache = .standard
    ) throws(RunFailure) {
        let steps = plan.manifest.reachedMiniBatches
        var cache = cache
        if isatty(STDERR_FILENO) == 1 {
            cache.onLongScan = { path, bytes in
                let text = "searching \(path.printable()) (\(bytes.bytesText)) for what cannot be trained on; once\n"
                try? Console.write(text, to: STDERR_FILENO)
            }
        }
        try plan.manifest.checkRows(cache)
        do {
            try Self.checkTokenizer(plan.manifest)
            try dataset.check(samples: batches.samplesRead(steps: steps), cache: cache)
            if needsTargets { try batches.checkTargets(of: dataset, steps: steps, cache: cache) }
        } catch {
            throw .badInput((plan.manifest.marks["data"].map { "\($0): " } ?? "") + "\(error)")
        }
    }

    /// Shards that were prepared with another model's tokenizer teach a pretrained one nonsense.
    private static func checkTokenizer(_ manifest: PipelineManifest) throws {
        guard case .shards(let path) = manifest.data.source, let model = manifest.pretrained?.path,
            let tokenizer = try FamilyTokenizer.load(firstOf: [model])
        else { return }
        let prepared = try ShardManifest.load(folder: path).tokenizer
        guard prepared.hash != ShardManifest.Tokenizer.hash(of: tokenizer) else { return }
        throw DatasetError.shards(
            path: path, expected: "tokens of the tokenizer of \(model.printable())",
            got: prepared.isBytes ? "bytes" : "those of another, \(prepared.path?.printable() ?? "which is not known")")
    }
}
