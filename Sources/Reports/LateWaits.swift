/// How long a rank waited in a step for peers that had not sent yet, by the pipeline's phase.
struct LateWaits {
    var warmUp: Int64 = 0
    var coolDown: Int64 = 0
    var total: Int64 { warmUp &+ coolDown }
}

extension ActivityTimeline {
    /// Late waits per rank and step of a timing.
    ///
    /// A wait cools down when it comes after the rank's last forward of the step, or before any rank began the step's
    /// first forward (then it still drains the step before). Any other wait warms up.
    func lateWaits(_ timing: Timing) -> [[LateWaits]] {
        let (first, last) = forwardBounds(timing)
        return ranges.indices.map { rank in
            var waits = [LateWaits](repeating: LateWaits(), count: steps.count)
            for index in ranges[rank] where timing.late[index] > 0 {
                let activity = activities[index]
                let late = timing.late[index]
                let drained = index > last[rank][activity.step]
                let before = drained ? late : min(late, max(0, first[activity.step] &- timing.ready[index]))
                waits[activity.step].coolDown &+= before
                waits[activity.step].warmUp &+= late &- before
            }
            return waits
        }
    }

    /// When the first forward of each step began, and which activity is each rank's last forward of the step.
    private func forwardBounds(_ timing: Timing) -> (first: [Int64], last: [[Int]]) {
        var first = [Int64](repeating: .max, count: steps.count)
        var last = ranges.map { _ in [Int](repeating: .max, count: steps.count) }
        for index in activities.indices where activities[index].isForward {
            let activity = activities[index]
            first[activity.step] = min(first[activity.step], timing.ready[index])
            last[activity.rank][activity.step] = index
        }
        return (first, last)
    }

    /// The timing that was measured: each wait split into the peer's lateness and the message's travel.
    ///
    /// The smaller part is left with the other where it is below the error bound of the two clocks.
    var measuredTiming: Timing {
        var timing = Timing(count: activities.count)
        for (index, activity) in activities.enumerated() {
            timing.ready[index] = activity.start
            timing.end[index] = activity.end
            switch activity.kind {
            case .receive: timing.late[index] = lateness(of: activity)
            case .sync:
                let last = awaited(by: index).reduce(activity.start) { max($0, activities[$1].start) }
                timing.late[index] = known(min(last, activity.end) - activity.start, of: activity, bound: bound(index))
            default: break
            }
        }
        return timing
    }

    private func lateness(of receive: Activity) -> Int64 {
        let wait = receive.duration
        guard receive.sent != 0, receive.peer >= 0 else { return wait }
        let late = min(wait, max(0, receive.sent - receive.start))
        return known(late, of: receive, bound: bound(receive.rank, receive.peer))
    }

    /// The part of a wait that is lateness, as far as the clocks tell it from the rest.
    private func known(_ late: Int64, of wait: Activity, bound: Int64) -> Int64 {
        let rest = wait.duration - late
        guard min(late, rest) < bound else { return late }
        return late > rest ? wait.duration : 0
    }

    /// How far two ranks' clocks may be apart.
    private func bound(_ rank: Int, _ peer: Int) -> Int64 {
        guard rank != peer else { return 0 }
        let (sum, overflow) = clockErrors[rank].addingReportingOverflow(clockErrors[peer])
        return overflow ? .max : sum
    }

    /// How far the clocks of a sync's rank and of the last rank that it waited for may be apart.
    private func bound(_ sync: Int) -> Int64 {
        let last = awaited(by: sync).max { activities[$0].start < activities[$1].start }
        return bound(activities[sync].rank, activities[last ?? sync].rank)
    }
}
