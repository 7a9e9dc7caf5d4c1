import Manifests
import Planning
import Runs
import Systems
import Transport

/// Where everything goes that a run tells of itself: its folder, the person who started it, readers of `live.json`, and
/// the program that trains.
final class RunJournal {
    let record: RunRecord
    let display: RunDisplay
    private var board: LiveBoard
    private let onStep: @Sendable (StepMetrics) -> Void

    init(
        _ plan: TrainingPlan, _ record: RunRecord, _ display: RunDisplay,
        onStep: @escaping @Sendable (StepMetrics) -> Void
    ) {
        self.record = record
        self.display = display
        self.onStep = onStep
        board = LiveBoard(plan, directory: record.directory)
    }

    var directory: RunDirectory { record.directory }

    /// The run goes on with other devices or cuts.
    func replan(_ plan: TrainingPlan) {
        record.replan(plan)
        board.replan(plan)
    }

    func enter(_ state: LiveStatus.State) { board.enter(state) }

    func refresh() {
        board.refresh()
        record.watchDisk()
    }

    func registered(_ rank: Int, host: String) {
        record.register(rank: rank, host: host)
        display.registered(rank)
    }

    func heard(_ rank: Int, _ status: WorkerStatus) { board.heard(rank, status) }

    func finished(_ metrics: StepMetrics, _ steps: StepAssembly) {
        board.finished(metrics, bubbles: steps.rankBubbles)
        record.append(metrics, bubbles: steps.rankBubbles)
        display.show(metrics, flops: steps.flops, durations: steps.durations)
        onStep(metrics)
    }

    func finished(_ evaluation: EvaluationMetrics) {
        record.append(evaluation)
        display.show(evaluation)
    }

    /// Tells what became of checkpoints since the last call.
    /// - Throws: where several in a row could not be written: the run would go on unprotected.
    func noteCheckpoints() throws(RunFailure) {
        guard let steps = record.steps else { return }
        for outcome in steps.poll() {
            switch outcome {
            case .committed(let metrics): display.show(metrics)
            case .failed(let step, let reason):
                guard steps.failures < Self.failureLimit else {
                    throw RunFailure(
                        .interrupted,
                        "\(steps.failures) checkpoints in a row could not be written, the last behind step \(step): "
                            + "\(reason); the run is stopped")
                }
                display.note("the checkpoint behind step \(step) could not be written: \(reason); training goes on")
            }
        }
    }

    /// Checkpoints in a row that may fail, and the last ends the run.
    static let failureLimit = 3
}
