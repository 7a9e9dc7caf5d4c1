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
        let sums = try evaluate(evaluation, behind: done)
        port.tell(
            .evaluated(
                .init(
                    step: done, lossSums: sums, targetCount: feed?.heldOut?.targetCount,
                    nanoseconds: MonotonicClock.now - begin)))
        while let path = try port.awaitWordOnWeights(step: done) {
            let writer = try SafetensorsWriter(partialPath: path, layout: try plan.weightsLayout())
            port.tell(.bestWritten(step: done, bytes: try save(to: writer)))
        }
        recorder.waited(.evaluation, since: start)
        return true
    }

    /// Fills the rank's parameters into a file. Of several replicas the first writes what all of them have, and each what it
    /// alone has.
    func save(to writer: SafetensorsWriter) throws -> Int {
        try port.save(
            plan.placement.stages(of: rank).compactMap { executors[$0] },
            compactOnly: plan.placement.replica(of: rank) > 0, to: writer)
    }

    /// - Returns: Σ of the samples' losses, on the last stage: for as many micro-batches as a step has, and those that follow,
    ///   one for each lane.
    private func evaluate(_ evaluation: EvaluationPass, behind done: Int) throws -> [Double] {
        let own = (walk, recorder)
        walk = evaluation.walk
        recorder = EventRecorder(capacity: 4 * walk.operations.count, on: backend)
        for executor in executors.values { executor.isEvaluating = true }
        defer {
            (walk, recorder) = own
            for executor in executors.values { executor.isEvaluating = false }
        }
        var sums: [Double] = []
        func passes() throws {
            let batch = plan.manifest.batch
            let own = plan.firstMicroBatch(of: rank)
            for first in stride(from: own, to: evaluation.microBatches + own, by: batch.microBatchesPerStep) {
                let count = max(0, min(evaluation.microBatches - first, batch.microBatches))
                // Both ends of a link leave out the same messages.
                for index in walk.operations.indices where walk.microBatch(index) < count {
                    try perform(index, step: max(0, done - 1))
                }
                recorder.clear()
                sums += lossSums(evaluation, first, count)
            }
        }
        if let feed { try feed.readingHeldOut(passes) } else { try passes() }
        return sums
    }

    /// - Parameters:
    ///   - first: the first micro-batch of this rank, among all held-out ones.
    ///   - count: so many of its slots hold held-out samples.
    private func lossSums(_ evaluation: EvaluationPass, _ first: Int, _ count: Int) -> [Double] {
        guard let last = executors.values.first(where: { $0.lossSum(microBatches: 0..<0) != nil }) else { return [] }
        let (micro, lanes) = (plan.manifest.batch.micro, plan.lanesPerReplica)
        let samples = min(evaluation.samples - first * micro, count * micro)
        let perLane = plan.manifest.batch.microBatches / lanes
        return (0..<lanes).compactMap { lane in
            let range = min(lane * perLane, count)..<min((lane + 1) * perLane, count)
            guard plan.heldOutLadder == nil else { return last.lossSum(microBatches: range) }
            let own = min(range.lowerBound * micro, max(samples, 0))..<min(range.upperBound * micro, max(samples, 0))
            return last.lossSum(samples: own)
        }
    }
}
