import Checkpoints
import Manifests
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors

/// What a rank computes to evaluate: the run's micro-batches forward alone, as often as the held-out samples need.
struct EvaluationPass {
    let walk: ProgramWalk
    let samples: Int
    /// Micro-batches in all.
    let microBatches: Int

    /// nil where the run evaluates nothing.
    init?(_ plan: TrainingPlan, rank: Int) {
        guard let forwardPass = plan.forwardPass, let samples = plan.manifest.evaluation?.samples else { return nil }
        walk = ProgramWalk(forwardPass, rank: rank, plan)
        self.samples = samples
        microBatches = plan.evaluatedMicroBatches
    }
}

/// Between two steps: the loss on held-out data, with the weights as they are. Nothing that a step reads is changed.
extension RankRunner {
    /// All ranks come here behind the same steps, and leave together: what evaluating takes is no part of a step's time.
    /// - Parameters:
    ///   - done: steps that are done.
    ///   - start: when the last of them ended.
    /// - Returns: whether one was due.
    @discardableResult
    func evaluateIfDue(behind done: Int, since start: UInt64) throws -> Bool {
        guard let evaluation, let settings = plan.manifest.evaluation,
            settings.isDue(behind: done, of: plan.manifest.steps)
        else { return false }
        let begin = MonotonicClock.now
        let sum = try evaluate(evaluation, behind: done)
        port.tell(
            .evaluated(
                .init(
                    step: done, lossSum: sum, targetCount: feed?.heldOut?.targetCount,
                    nanoseconds: MonotonicClock.now - begin)))
        while let path = try port.awaitWordOnWeights(step: done) {
            let writer = try SafetensorsWriter(partialPath: path, layout: try plan.weightsLayout())
            let own = plan.placement.stages(of: rank).compactMap { executors[$0] }
            port.tell(.bestWritten(step: done, bytes: try port.save(own, to: writer)))
        }
        recorder.waited(.evaluation, since: start)
        return true
    }

    /// - Returns: Σ of the samples' losses, on the last stage.
    private func evaluate(_ evaluation: EvaluationPass, behind done: Int) throws -> Double? {
        let own = (walk, recorder)
        walk = evaluation.walk
        recorder = EventRecorder(capacity: 4 * walk.operations.count, on: backend)
        for executor in executors.values { executor.isEvaluating = true }
        defer {
            (walk, recorder) = own
            for executor in executors.values { executor.isEvaluating = false }
        }
        var sum: Double?
        func passes() throws {
            let batch = plan.manifest.batch
            for first in stride(from: 0, to: evaluation.microBatches, by: batch.microBatches) {
                let count = min(evaluation.microBatches - first, batch.microBatches)
                // Both ends of a link leave out the same messages.
                for index in walk.operations.indices where walk.microBatch(index) < count {
                    try perform(index, step: max(0, done - 1))
                }
                recorder.clear()
                let samples = min(evaluation.samples - first * batch.micro, count * batch.micro)
                let parts = executors.values.lazy.compactMap { [hasLengths = plan.heldOutLadder != nil] executor in
                    hasLengths ? executor.lossSum(microBatches: count) : executor.lossSum(samples: samples)
                }
                guard let part = parts.first else { continue }
                sum = (sum ?? 0) + part
            }
        }
        if let feed { try feed.readingHeldOut(passes) } else { try passes() }
        return sum
    }
}
