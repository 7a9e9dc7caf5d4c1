import Runs
import Scheduling

/// A scenario simulated for three steps in a row: the last one takes what each further step would take.
struct ScenarioSimulation {
    /// Mean over the ranks of what the last step took, nanoseconds.
    let stepNs: Double
    let bubble: BubbleReport.Ratio
    private let timeline: ActivityTimeline
    private let timing: Timing

    private static let steps = 3

    /// nil for a scenario that is too large, or whose ranks wait for each other for ever.
    init?(_ scenario: Scenario) {
        guard scenario.instructionCount <= Scenario.sizeLimit / Self.steps else { return nil }
        timeline = scenario.timeline(steps: Self.steps)
        var replay = Replay(timeline, keeping: .syncs)
        guard let timing = try? replay.run() else { return nil }
        self.timing = timing
        var wall = 0.0
        var compute = 0.0
        var busy = 0.0
        for range in timeline.ranges {
            var ends = [Int64](repeating: 0, count: Self.steps)
            for index in range {
                let activity = timeline.activities[index]
                ends[activity.step] = timing.end[index]
                guard activity.step == Self.steps - 1, activity.kind == .work else { continue }
                busy += Double(activity.duration)
                if activity.category.isCompute { compute += Double(activity.duration) }
            }
            wall += Double(ends[Self.steps - 1]) - Double(ends[Self.steps - 2])
        }
        guard wall > 0, compute > 0, busy <= wall * 1.000001 else { return nil }
        stepNs = wall / Double(timeline.ranges.count)
        let idle = max(0, wall - busy)
        bubble = BubbleReport.Ratio(fraction: idle / wall, overhead: idle / compute)
    }

    /// The middle step, for drawing.
    func drawing() -> MedianStep? {
        MedianStep(step: 1, logs: timeline.ranges.indices.map(log))
    }

    private func log(_ rank: Int) -> RankLog {
        var log = RankLog(rank: rank)
        for index in timeline.ranges[rank] where timeline.activities[index].kind == .work {
            let activity = timeline.activities[index]
            let pass = activity.instruction.map { EventKind($0.pass) } ?? .optimizer
            log.events.append(
                Event(
                    activity.category == .recompute ? .recompute : pass, step: activity.step,
                    instruction: activity.instruction, start: UInt64(clamping: timing.ready[index]),
                    end: UInt64(clamping: timing.end[index])))
        }
        return log
    }
}
