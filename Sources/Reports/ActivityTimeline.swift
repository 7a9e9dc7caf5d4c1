import Scheduling

/// One stretch of a rank's time, on the coordinator's clock; a rank's activities follow each other without a hole.
struct Activity {
    enum Kind {
        /// A pass, recomputation or the optimizer.
        case work
        case gap, dataWait, sendWait, handOver, receive, sync
    }

    var kind: Kind
    var category: Category
    var rank: Int
    /// Place of the step among the run's steps.
    var step: Int
    var start: Int64
    var end: Int64
    /// work: index of its class, all of whose members should take equally long.
    var workClass = -1
    /// What ran, or waited; nil for the optimizer and a hole.
    var instruction: Instruction?
    var isForward = false
    /// receive: index of the activity that makes the message; −1 where unknown.
    var dependency = -1
    var peer = -1
    var bytes = 0
    /// receive: when the message was handed over.
    var sent: Int64 = 0
    /// receive: from the end of the dependency to handing over.
    var offset: Int64 = 0
    /// receive: what the sender spent `offset` on.
    var heldBy = Category.unattributed
    /// receive: the message had come before it was needed.
    var wasThere = false
    /// receive: from handing over to arrival.
    var latency: Int64 = 0
    /// sync: index of the group that waits for each other; −1 otherwise.
    var group = -1
    /// sync: the replicas that wait for each other, by their position and shard; −1 where all ranks do.
    var team = -1

    var duration: Int64 { end - start }
    /// receive: the message was not there when it was needed, so that its end tells when it came.
    var hasWaited: Bool { duration > 0 && !wasThere }
}

/// A kind of work, of one stage: its members differ only by chance.
struct WorkClass: Hashable {
    var category: Category
    var rank: Int
    /// −1 for the optimizer.
    var stage: Int
}

/// All ranks' activities over the steps that every rank finished, with the message or group that each wait depends on.
///
/// Read from a run's events or laid out from a scenario; `Scheduling.Timeline` holds a simulated step's instructions alone.
struct ActivityTimeline {
    var activities: [Activity] = []
    /// The activities of each rank.
    var ranges: [Range<Int>] = []
    /// The step numbers, rising.
    var steps: [Int] = []
    var classes: [WorkClass] = []
    /// Median duration of each class, nanoseconds.
    var medians: [Int64] = []
    /// The activities of each sync group.
    var groups: [[Int]] = []
    /// By step: whether it is the first one behind a hole, before which steps were left out of a sample.
    var isBehindHole: [Bool] = []
    /// Per rank: how far its clock may be off.
    var clockErrors: [Int64] = []

    var rankCount: Int { ranges.count }

    /// Whether a rank's time starts anew with this activity: it is the first of its step, and of the step before
    /// nothing is known.
    func startsAnew(_ index: Int) -> Bool {
        let step = activities[index].step
        guard isBehindHole.indices.contains(step), isBehindHole[step] else { return false }
        return index == 0 || activities[index - 1].step != step || activities[index - 1].rank != activities[index].rank
    }
}

/// The middle value; of an even count, the mean of the middle two. 0 of none.
func median(_ values: [Int64]) -> Int64 {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let low = sorted[(sorted.count - 1) / 2]
    return low + (sorted[sorted.count / 2] - low) / 2
}

extension Int64 {
    /// The nearest integer, clamped to Int's range; 0 for NaN.
    init(saturating value: Double) {
        self = Int64(exactly: value.rounded()) ?? (value.isNaN ? 0 : value < 0 ? .min : .max)
    }
}

extension ActivityTimeline {
    /// The first `skip` steps count only where there is nothing else.
    mutating func findMedians(skip: Int) {
        var durations = [[Int64]](repeating: [], count: classes.count)
        var early = durations
        for activity in activities where activity.kind == .work {
            if activity.step >= skip {
                durations[activity.workClass].append(activity.duration)
            } else {
                early[activity.workClass].append(activity.duration)
            }
        }
        medians = zip(durations, early).map { median($0.isEmpty ? $1 : $0) }
    }

    /// The n-th wait for a reduction of each rank in a step is one wait for each other, of all or of a position's replicas.
    mutating func gatherSyncs() {
        struct Key: Hashable {
            var step: Int
            var place: Int
            var team: Int
        }
        var known: [Key: Int] = [:]
        for index in activities.indices where activities[index].kind == .sync {
            let activity = activities[index]
            let key = Key(step: activity.step, place: activity.group, team: activity.team)
            let group = known[key] ?? groups.count
            if known[key] == nil {
                known[key] = group
                groups.append([])
            }
            groups[group].append(index)
            activities[index].group = group
        }
    }
}
