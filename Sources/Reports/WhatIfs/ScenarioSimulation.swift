import Runs
import Scheduling

/// A scenario simulated for three steps in a row: the last one takes what each further step would take.
struct ScenarioSimulation {
    /// Mean over the ranks of what the last step took, nanoseconds.
    let stepNs: Double
    let bubble: BubbleReport.Ratio
    private let scenario: Scenario
    private let timeline: Timeline
    private let timing: Timing

    private static let steps = 3

    /// nil for a scenario that is too large, or whose ranks wait for each other for ever.
    init?(_ scenario: Scenario) {
        guard scenario.instructionCount <= Scenario.sizeLimit / Self.steps else { return nil }
        timeline = scenario.timeline(steps: Self.steps)
        var replay = Replay(timeline, keeping: .syncs)
        guard let timing = try? replay.run() else { return nil }
        self.scenario = scenario
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
        var passes = (0..<Self.steps).flatMap { _ in scenario.orders[rank] }[...]
        var log = RankLog(rank: rank)
        for index in timeline.ranges[rank] where timeline.activities[index].kind == .work {
            let activity = timeline.activities[index]
            guard let kind = activity.category.eventKind else { continue }
            let instruction = activity.category.isCompute ? passes.first : nil
            if activity.category.isCompute, activity.category != .recompute { passes.removeFirst() }
            log.events.append(
                Event(
                    kind, step: activity.step, instruction: instruction, start: UInt64(clamping: timing.ready[index]),
                    end: UInt64(clamping: timing.end[index])))
        }
        return log
    }
}

extension Category {
    /// The kind of event that logs this work.
    var eventKind: EventKind? {
        switch self {
        case .forward: .forward
        case .backward: .backward
        case .backwardInput: .backwardInput
        case .backwardWeight: .backwardWeight
        case .recompute: .recompute
        case .optimizer: .optimizer
        default: nil
        }
    }
}
