import Checkpoints
import Manifests
import Planning
import Runs
import Systems

/// What one attempt at a run writes to: in the run's folder, behind what earlier attempts left there.
final class AttemptFiles {
    let metrics: MetricsFiles
    /// Of a run that evaluates.
    let evaluations: RecordFile?
    let events: EventStore
    let best: BestWeights
    /// The weights of a run's end; nil on devices that compute nothing.
    let draft: SafetensorsDraft?
    /// Of a run that keeps its state.
    let steps: StepKeeper?
    private var disk: DiskWatch
    /// Steps that the attempt has written down.
    private var written = 0
    /// Bytes of the metrics of earlier attempts.
    private let metricsBefore: Int

    /// - Parameters:
    ///   - run: which run it is, in each checkpoint.
    ///   - done: steps that are done: what was written of those behind them is taken out; nil: it is the run's first attempt. Where
    ///     all are, the attempt has nothing to do but to write the weights, where that is still to be done: events stay those of
    ///     the steps.
    ///   - newest: the newest checkpoint, if there is one.
    init(
        _ plan: TrainingPlan, _ directory: RunDirectory, run: String, behind done: Int?, newest: Int?,
        cause: AttemptCause? = nil, _ warn: @escaping (String) -> Void
    ) throws {
        let begins = done == nil
        let history = AttemptHistory(directory)
        let attempt = begins ? 1 : history.attempts + 1
        let hasSteps = done != plan.manifest.steps
        if !begins, hasSteps { try history.setAside(attempt: attempt - 1) }
        events = EventStore(directory, budget: plan.manifest.events)
        best = BestWeights(plan, in: directory)
        disk = DiskWatch(plan, weights: BestWeights.room(plan), behind: done ?? 0)
        if hasSteps { try directory.write(plan.description) }
        metrics = try MetricsFiles(plan, directory, behind: done, warn: warn)
        metricsBefore = metrics.bytes
        if hasSteps { try history.begin(attempt, behind: done, taken: metrics.taken, cause) }
        if let done {
            // The evaluation before the first step is made again with it.
            try RecordTruncation.keep(upTo: done == 0 ? -1 : done, in: directory.evaluationsPath, prefix: "{\"step\":")
        }
        if plan.manifest.evaluation == nil {
            evaluations = nil
        } else if begins {
            evaluations = try RecordFile(directory.evaluationsPath)
        } else {
            evaluations = try RecordFile(continuing: directory.evaluationsPath)
        }
        let computes = plan.manifest.devices.allSatisfy { $0.kind != .sim }
        draft =
            computes && (hasSteps || !Self.hasWeights(directory))
            ? try SafetensorsDraft(
                path: directory.weightsPath, layout: try plan.weightsLayout(), replacingPartial: true) : nil
        steps = try plan.checkpoint.map { rule in
            try StepKeeper(
                plan, rule, in: directory, run: run, attempt: attempt, base: try plan.baseHashes(),
                newest: newest)
        }
    }

    /// Whether a run whose steps are done came to its end, and its weights are there. They may be those of an earlier end, and
    /// fewer steps, where it did not.
    private static func hasWeights(_ directory: RunDirectory) -> Bool {
        File.exists(directory.weightsPath) && (try? LiveStatus.read(directory))?.state == .done
    }

    /// - Parameter bubbles: idle over wall of the step, by rank.
    func append(_ step: StepMetrics, bubbles: [Double]) {
        metrics.append(step, bubbles: bubbles)
        written += 1
    }

    /// What to tell of the disk, at most each ten seconds: that the rest of the run does not fit.
    func diskWarning(_ directory: RunDirectory) -> String? {
        guard disk.isDue(), let free = try? File.freeBytes(at: directory.path) else { return nil }
        return disk.warning(
            free: free,
            DiskWatch.Written(steps: written, metrics: metrics.bytes - metricsBefore, events: events.loggedBytes))
    }

    /// Of an attempt that another one follows.
    func close() {
        draft?.discard()
        steps?.close()
        try? events.close()
        metrics.close()
        evaluations?.close()
    }
}
