/// When a simulated device is done with what it was given, in nanoseconds of the monotonic clock.
///
/// A thread wakes a little after its deadline. The device itself was not late: the next piece of work starts where the
/// device stood, so that consecutive pieces add up exactly. Time between waking and the next piece is idle and counts.
package struct BusyClock {
    private var busyUntil: Int64 = 0
    /// How long after `busyUntil` the thread that waits for the device noticed.
    private var lateness: Int64 = 0

    package init() {}

    /// The deadline of the next piece of work.
    package mutating func begin(_ duration: Int64, now: Int64) -> Int64 {
        busyUntil = max(busyUntil, now - lateness) + max(duration, 0)
        return busyUntil
    }

    package mutating func woke(now: Int64) { lateness = max(now - busyUntil, 0) }
}
