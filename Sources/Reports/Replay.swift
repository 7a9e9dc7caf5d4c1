import Runs

/// Which delays of the measured run a replay keeps; each case keeps those of the cases before it.
enum ReplayLayer: Int, CaseIterable {
    /// Every stage takes the stages' mean of their median times; messages, data and room to send cost nothing.
    case balanced
    /// Every stage takes its own median times.
    case medians
    /// Everything takes as long as it did, holes between events included.
    case measured
    case dataWaits
    case transfers
    case sendWaits
    case syncs
}

/// When each activity began, waited for a late peer, and ended; indexed as the timeline's activities.
struct Timing {
    var ready: [Int64]
    /// receive and sync: how long the peer had not sent yet.
    var late: [Int64]
    var end: [Int64]

    init(count: Int) {
        ready = Array(repeating: 0, count: count)
        late = ready
        end = ready
    }
}

/// Replays a timeline with changed durations: same order on each rank, same messages between them.
///
/// `Scheduling`'s `Simulator` predicts a step from a schedule and the times of its passes. This one repeats all that a rank
/// did over many steps: holes, waits for data and for room, reductions, each as long as it was or left out. It counts in
/// whole nanoseconds, so that what the replays add up to is exactly the measured time. What-ifs are replayed here too:
/// the run as it was and the change differ in nothing else then.
///
/// Arithmetic wraps, so that no event file can stop the program: results of a real run stay far below 2^63.
struct Replay {
    private let timeline: ActivityTimeline
    private let layer: ReplayLayer
    private let durations: [Int64]
    private var timing: Timing
    /// Per rank: the activity it is at, and its time.
    private var position: [Int]
    private var clock: [Int64]
    /// sync: has begun to wait.
    private var arrived: [Bool]

    init(_ timeline: ActivityTimeline, keeping layer: ReplayLayer) {
        self.timeline = timeline
        self.layer = layer
        durations = layer == .balanced ? timeline.balancedMedians : timeline.medians
        timing = Timing(count: timeline.activities.count)
        position = timeline.ranges.map(\.lowerBound)
        clock = timeline.ranges.map { $0.isEmpty ? 0 : timeline.activities[$0.lowerBound].start }
        arrived = Array(repeating: false, count: timeline.activities.count)
    }

    mutating func run() throws -> Timing {
        var runnable = Array(timeline.ranges.indices)
        var waiters = [Set<Int>](repeating: [], count: timeline.rankCount)
        while let rank = runnable.popLast() {
            let before = progress(rank)
            for blocker in advance(rank) { waiters[blocker].insert(rank) }
            guard progress(rank) != before else { continue }
            runnable.append(contentsOf: waiters[rank].sorted(by: >))
            waiters[rank] = []
        }
        try checkFinished()
        return timing
    }

    /// Raised whenever another rank may be able to go on.
    private func progress(_ rank: Int) -> [Int] {
        let at = position[rank]
        return [at, at < timeline.ranges[rank].upperBound && arrived[at] ? 1 : 0]
    }

    /// Runs a rank until it must wait for others, and says for which.
    private mutating func advance(_ rank: Int) -> [Int] {
        while position[rank] < timeline.ranges[rank].upperBound {
            let index = position[rank]
            let activity = timeline.activities[index]
            if timeline.startsAnew(index) { clock[rank] = activity.start }
            timing.ready[index] = clock[rank]
            switch activity.kind {
            case .receive:
                guard activity.dependency < 0 || isDone(activity.dependency) else {
                    return [timeline.activities[activity.dependency].rank]
                }
                clock[rank] = receive(index, activity)
            case .sync:
                arrived[index] = true
                let awaited = timeline.awaited(by: index)
                let missing = awaited.filter { !arrived[$0] }
                guard missing.isEmpty else { return missing.map { timeline.activities[$0].rank } }
                clock[rank] = sync(index, activity, awaited: awaited)
            case .work, .gap, .dataWait, .sendWait, .handOver:
                clock[rank] &+= duration(of: activity)
            }
            timing.end[index] = clock[rank]
            position[rank] += 1
        }
        return []
    }

    private func isDone(_ index: Int) -> Bool { position[timeline.activities[index].rank] > index }

    private func keeps(_ other: ReplayLayer) -> Bool { layer.rawValue >= other.rawValue }

    private func duration(of activity: Activity) -> Int64 {
        switch activity.kind {
        case .work: keeps(.measured) ? activity.duration : durations[activity.workClass]
        case .gap: keeps(.measured) ? activity.duration : 0
        case .dataWait: keeps(.dataWaits) ? activity.duration : 0
        case .sendWait: keeps(.sendWaits) ? activity.duration : 0
        case .handOver: keeps(.transfers) ? activity.duration : 0
        case .receive, .sync: 0
        }
    }

    private mutating func receive(_ index: Int, _ activity: Activity) -> Int64 {
        let ready = timing.ready[index]
        guard activity.dependency >= 0 else { return ready &+ (keeps(.measured) ? activity.duration : 0) }
        let delayed = keeps(layerOfOffset(activity))
        let sent = timing.end[activity.dependency] &+ (delayed ? activity.offset : min(0, activity.offset))
        timing.late[index] = max(0, sent &- ready)
        return max(ready, sent &+ (keeps(.transfers) ? activity.latency : 0))
    }

    /// From which replay on the time between making a message and handing it over counts.
    private func layerOfOffset(_ receive: Activity) -> ReplayLayer {
        switch receive.heldBy {
        case .backPressure: .sendWaits
        case .transfer: .transfers
        default: .measured
        }
    }

    private mutating func sync(_ index: Int, _ activity: Activity, awaited: [Int]) -> Int64 {
        let ready = timing.ready[index]
        let last = awaited.reduce(ready) { max($0, timing.ready[$1]) }
        timing.late[index] = last &- ready
        let measuredLast = awaited.reduce(activity.start) { max($0, timeline.activities[$1].start) }
        return last &+ (keeps(.syncs) ? max(0, activity.end - measuredLast) : 0)
    }

    private func checkFinished() throws {
        for (rank, range) in timeline.ranges.enumerated() where position[rank] < range.upperBound {
            let step = timeline.steps[timeline.activities[position[rank]].step]
            throw RunError.inconsistent(
                rank: rank, step: step, expected: "messages that were sent before they were received",
                got: "a circle of waiting ranks")
        }
    }
}

extension ActivityTimeline {
    /// The members of a sync's group that it can have waited for: those that had begun when it ended.
    func awaited(by index: Int) -> [Int] {
        let own = activities[index]
        return groups[own.group].filter { activities[$0].start <= own.end }
    }

    /// Each class's median replaced by the mean over all classes of its category.
    var balancedMedians: [Int64] {
        var sums: [Category: (total: Double, count: Double)] = [:]
        for (index, workClass) in classes.enumerated() {
            let sum = sums[workClass.category] ?? (0, 0)
            sums[workClass.category] = (sum.total + Double(medians[index]), sum.count + 1)
        }
        return classes.map { workClass in
            sums[workClass.category].map { Int64(saturating: $0.total / $0.count) } ?? 0
        }
    }
}
