/// One sample of a worker's clock against the coordinator's, from one answered ping.
package struct ClockSample: Hashable, Sendable {
    /// Nanoseconds of the worker's clock when it answered.
    package var worker: UInt64
    /// Of the coordinator's clock: the middle between ping and answer.
    package var coordinator: UInt64
    /// The worker answered at most so long before or after that middle: half of the round trip.
    package var error: UInt64

    package init(worker: UInt64, coordinator: UInt64, error: UInt64) {
        self.worker = worker
        self.coordinator = coordinator
        self.error = error
    }
}

/// Ties one worker's clock to the coordinator's by ping-pong: a state machine without I/O.
///
/// One ping is on its way at a time. It begins with a quick series, then pings once a heartbeat for as long as the run
/// lasts, since clocks drift. Of each window it keeps the sample of the shortest round trip: whatever delays a message
/// makes the trip longer and the sample worse, and nothing makes it shorter.
package struct ClockProbe {
    /// When the ping left that was not answered yet.
    private var pending: UInt64?
    private var best: ClockSample?
    private var answers = 0
    private var windowEnd: UInt64 = 0

    package init() {}

    /// Answers of the series at the start.
    package static let series = 8
    /// Nanoseconds, after the series.
    static let window: UInt64 = 2_000_000_000
    private static let clockLimit: UInt64 = 1 << 60

    /// Whether to ping now; if so, the ping is taken to leave at `now`.
    package mutating func ping(at now: UInt64) -> Bool {
        guard pending == nil else { return false }
        pending = now
        return true
    }

    /// An answer came.
    /// - Returns: the best sample of a window that is over.
    /// - Throws: `malformed` for an answer to a ping that is not on its way.
    package mutating func answered(
        ping: UInt64, clock: UInt64, at now: UInt64
    ) throws(TransportError) -> ClockSample? {
        guard ping == pending, now >= ping, clock < Self.clockLimit else {
            throw .malformed(
                "pong", expected: "an answer to the last ping, and a clock below 2^60 ns",
                got: "one to a ping at \(ping), and \(clock) ns")
        }
        pending = nil
        answers += 1
        let error = (now - ping + 1) / 2
        if best.map({ error < $0.error }) ?? true {
            best = ClockSample(worker: clock, coordinator: ping + (now - ping) / 2, error: error)
        }
        guard answers >= Self.series, now >= windowEnd else { return nil }
        windowEnd = now + Self.window
        return finish()
    }

    /// Whether the series at the start goes on: the next ping should not wait for a heartbeat.
    package var isInSeries: Bool { answers < Self.series }

    /// The best sample of a window that ends early.
    package mutating func finish() -> ClockSample? {
        defer { best = nil }
        return best
    }
}
