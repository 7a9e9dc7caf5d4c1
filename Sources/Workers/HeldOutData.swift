package import Datasets
import Manifests
import Models
package import Planning
package import Runs
import Tensors

/// The data set that a run evaluates on: its first so many samples, in the order of their file.
///
/// Where samples have one length the last micro-batch is filled up with the first ones once more; what they lose is not
/// counted. Else it is filled up with padding.
package struct HeldOutData: Sendable {
    let dataset: any Dataset
    package let samples: Int
    /// Micro-batches of the samples, as steps have them.
    let batches: BatchPlan
    /// How many targets count.
    package let targetCount: Int

    /// nil where the run evaluates nothing.
    /// - Throws: a user's mistake: a missing or short file, samples that do not fit the training data's.
    package init?(_ plan: TrainingPlan) throws(RunFailure) {
        let manifest = plan.manifest
        guard let evaluation = manifest.evaluation, let samples = evaluation.samples else { return nil }
        let mark = manifest.mark(of: "evaluate.data")
        let opened: any Dataset
        do {
            opened = try evaluation.source.open(
                sequence: manifest.data.sequence, vocabulary: plan.model.vocabulary, seed: manifest.seed)
        } catch {
            throw .badInput("\(mark): \(error)")
        }
        guard opened.targetSpec.count * manifest.data.rows(manifest.batch) == plan.model.targets.count,
            opened.targetSpec.dtype == plan.model.targets.dtype
        else {
            throw .badInput("\(mark): expected targets \(plan.model.targets) of each micro-batch, as data has them")
        }
        guard samples <= opened.sampleCount else {
            throw .badInput(
                "\(manifest.mark(of: "evaluate.samples")): evaluate.samples is \(samples), its data hold "
                    + "\(opened.sampleCount); expected so many at most")
        }
        var count = 0
        do {
            for sample in 0..<samples { count += try opened.targetCount(sample: sample) }
        } catch {
            throw .badInput("\(mark): \(error)")
        }
        guard count > 0 else { throw .badInput("\(mark): no target of the held-out samples counts: there is no loss") }
        (dataset, self.samples, targetCount) = (opened, samples, count)
        batches = BatchPlan(
            sampleCount: samples, micro: manifest.batch.micro, microBatches: manifest.batch.microBatchesPerStep,
            order: .sequential, ladder: plan.heldOutLadder, isPacked: plan.isHeldOutPacked,
            end: plan.heldOutLadder == nil ? nil : samples)
    }

    /// Reads all samples and throws a user's mistake where one of them is none of the model's.
    package func check(_ plan: TrainingPlan, cache: ScanCache = .standard) throws(RunFailure) {
        do { try dataset.check(samples: samples, cache: cache) } catch {
            throw .badInput("\(plan.manifest.mark(of: "evaluate.data")): \(error)")
        }
    }

    /// The micro-batches from the first one on, read ahead.
    /// - Parameter part: which of each step's are read here.
    func reader(_ part: Range<Int>, depth: Int) throws(DatasetError) -> Prefetcher<HostBatch> {
        try Prefetcher(dataset, batches.reading(part), steps: 0..<(samples - 1) / batches.globalBatch + 1, depth: depth)
    }
}
