import Manifests
import Planning
import Runs
import Scheduling
import Systems
import Transport

/// Keeps `live.json` up to date while a run lives.
struct LiveBoard {
    private var status: LiveStatus
    private let path: String
    private var writtenAt: UInt64 = 0
    private static let interval: UInt64 = 1_000_000_000

    init(_ plan: TrainingPlan, directory: RunDirectory) {
        path = directory.livePath
        status = LiveStatus(
            name: plan.manifest.name, state: .starting, steps: plan.manifest.steps, metrics: nil,
            ranks: plan.placement.ranks.map { LiveStatus.Rank(rank: $0, device: plan.device(of: $0).description) })
    }

    /// The run goes on with other devices or cuts.
    mutating func replan(_ plan: TrainingPlan) {
        let devices = plan.placement.ranks.map { plan.device(of: $0).description }
        let known = Dictionary(uniqueKeysWithValues: status.ranks.map { ($0.rank, $0) })
        status.ranks = devices.enumerated().map { rank, device in
            var entry = known[rank] ?? LiveStatus.Rank(rank: rank, device: device)
            entry.device = device
            return entry
        }
    }

    mutating func heard(_ rank: Int, _ worker: WorkerStatus) {
        status.ranks[rank].step = worker.step + 1
        status.ranks[rank].instruction = worker.instruction
        status.ranks[rank].phase = worker.phase.description
    }

    mutating func finished(_ metrics: StepMetrics, bubbles: [Double]) {
        status.metrics = metrics
        status.tokens = (status.tokens ?? 0).addingReportingOverflow(metrics.tokens).partialValue
        for (rank, bubble) in bubbles.enumerated() { status.ranks[rank].bubbleFraction = bubble }
        for (rank, bytes) in metrics.peakBytes.enumerated() { status.ranks[rank].peakBytes = bytes }
    }

    mutating func enter(_ state: LiveStatus.State) {
        status.state = state
        writtenAt = 0
        refresh()
    }

    /// Writes the file, at most once a second. That it cannot be written is no reason to end a run.
    mutating func refresh(now: UInt64 = MonotonicClock.now) {
        guard now >= writtenAt + Self.interval else { return }
        writtenAt = now
        status.updatedAt = LiveStatus.now
        try? status.write(to: path)
    }
}
