import Datasets
import Manifests
import Runs
import Scheduling

extension TrainingPlan {
    /// Activation slots of a stage: enough for its steps, and for what is evaluated between them.
    package func slotCount(ofStage stage: Int) -> Int {
        max(lowered.slotCount[stage], forwardPass?.slotCount[stage] ?? 0)
    }

    /// How many micro-batches an evaluation has; 0 where there is none.
    package var evaluatedMicroBatches: Int {
        guard let samples = manifest.evaluation?.samples else { return 0 }
        let (micro, microBatches) = (manifest.batch.micro, manifest.batch.microBatchesPerStep)
        // Packed, samples are dealt out to all micro-batches of a step.
        guard isHeldOutPacked else { return (samples - 1) / micro + 1 }
        return ((samples - 1) / (micro * microBatches) + 1) * microBatches
    }
}

extension PipelineManifest {
    /// The same with the number of held-out samples: all ranks count their micro-batches, and only one opens the data.
    func withHeldOutSamples() throws(RunFailure) -> PipelineManifest {
        guard let evaluation, evaluation.samples == nil else { return self }
        var settled = self
        do {
            let dataset = try evaluation.source.open(sequence: data.sequence, vocabulary: nil, seed: seed)
            settled.evaluation?.samples = dataset.sampleCount
        } catch {
            throw .badInput("\(mark(of: "evaluate.data")): \(error)")
        }
        return settled
    }
}
