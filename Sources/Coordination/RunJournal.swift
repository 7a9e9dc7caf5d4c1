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

    func enter(_ state: LiveStatus.State) { board.enter(state) }
    func refresh() { board.refresh() }

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
}
