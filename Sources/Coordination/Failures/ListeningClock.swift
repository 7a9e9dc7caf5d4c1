/// Counts the time during which this process was able to hear others: nanoseconds.
///
/// A coordinator that was stopped, or held up by a slow disk or a full terminal, heard nobody meanwhile; that time tells
/// nothing of the workers. Each poll adds at most `longestTick`, so that nobody's silence grows by a stall.
package struct ListeningClock {
    package private(set) var now: UInt64 = 0
    private var last: UInt64?
    /// Ten times what one poll waits.
    package static let longestTick: UInt64 = 500_000_000

    package init() {}

    /// Notes that a poll just returned.
    /// - Parameter time: nanoseconds of the machine's monotonic clock.
    package mutating func tick(at time: UInt64) {
        if let last, time > last { now += min(time - last, Self.longestTick) }
        last = time
    }
}
