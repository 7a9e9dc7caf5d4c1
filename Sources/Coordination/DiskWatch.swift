import Manifests
package import Planning
import Runs
import Scheduling
import Systems

/// Whether the rest of a run fits its disk: asked before the first step and while it runs, so that a warning comes while
/// there is time to make room.
package struct DiskWatch {
    /// What has been written so far.
    package struct Written {
        package var steps = 0
        /// Bytes of metrics, in all their forms.
        package var metrics = 0
        /// Bytes of events that were logged, also of those that are kept no more.
        package var events = 0

        package init(steps: Int = 0, metrics: Int = 0, events: Int = 0) {
            (self.steps, self.metrics, self.events) = (steps, metrics, events)
        }
    }

    private let steps: Int
    private let eventBudget: Int
    /// Of a step, while no step has shown it.
    private let metricsGuess: Int
    private let eventsGuess: Int
    private let weights: Int
    private var isTight = false
    private var lookedAt: UInt64 = 0

    private static let interval: UInt64 = 10_000_000_000
    /// Fewer steps than this say too little of the others.
    private static let tellingSteps = 20

    /// - Parameters:
    ///   - weights: bytes of weights for which nothing has been set aside.
    ///   - first: the step that the run goes on behind.
    package init(_ plan: TrainingPlan, weights: Int, behind first: Int = 0) {
        let ranks = plan.placement.rankCount
        steps = plan.manifest.steps - first
        eventBudget = plan.manifest.events
        metricsGuess = (270 + 12 * ranks).saturatingTimes(plan.manifest.metrics.contains(.csv) ? 2 : 1)
        // An instruction and what it waits for, or hands over, are two events.
        let instructions = plan.schedule.ranks.reduce(0) { $0 + $1.count }
        eventsGuess = (instructions * 2 + ranks * 3).saturatingTimes(EventLog.recordSize)
        self.weights = weights
    }

    /// Bytes that are still to be written, by kind.
    package func rest(_ written: Written) -> (metrics: Int, events: Int, weights: Int) {
        let left = max(0, steps - written.steps)
        let isTelling = written.steps >= Self.tellingSteps
        let metrics = isTelling ? written.metrics / written.steps + 1 : metricsGuess
        let events = isTelling ? written.events / written.steps + 1 : eventsGuess
        let room = max(0, eventBudget - written.events)
        return (left.saturatingTimes(metrics), min(room, left.saturatingTimes(events)), weights)
    }

    /// What to tell the user: that the rest does not fit, once each time that it stops fitting.
    package mutating func warning(free: Int, _ written: Written) -> String? {
        let rest = rest(written)
        let needed = rest.metrics.saturatingPlus(rest.events).saturatingPlus(rest.weights)
        guard free < needed else {
            // Somewhat more than enough: a disk that others fill and clear would be told of again and again.
            if free / 8 * 7 >= needed { isTight = false }
            return nil
        }
        guard !isTight else { return nil }
        isTight = true
        let parts = [("metrics", rest.metrics), ("events", rest.events), ("weights", rest.weights)]
        let kinds = parts.filter { $0.1 > 0 }.map { "\($0.0) \($0.1.bytesText)" }.joined(separator: ", ")
        return "the run directory's file system has \(free.bytesText) free, the rest of the run takes about "
            + "\(needed.bytesText) (\(kinds)): make room; what does not fit will be missing"
    }

    /// Whether it is time to look.
    package mutating func isDue(now: UInt64 = MonotonicClock.now) -> Bool {
        guard lookedAt == 0 || now >= lookedAt + Self.interval else { return false }
        lookedAt = now
        return true
    }
}
