/// Limits the rate of one kind of log line: the first few pass at once, then one every ten seconds with the count of all
/// since, so that a thousand refused connections a second do not fill the log. A pure function of calls and times.
package struct NoteLimit {
    /// Lines that pass at once.
    private var burst: Int
    private var held = 0
    private var nextAt: UInt64 = 0
    static let interval: UInt64 = 10_000_000_000

    package init(burst: Int) { self.burst = burst }

    /// It happened `count` times.
    /// - Returns: how many times the line to print stands for; nil where none is due.
    package mutating func happened(_ count: Int = 1, at now: UInt64) -> Int? {
        held += count
        if burst > 0 {
            burst -= 1
            nextAt = now
        }
        return due(at: now)
    }

    /// - Returns: the count held back, once the next line may be printed.
    package mutating func due(at now: UInt64) -> Int? {
        guard held > 0, now >= nextAt else { return nil }
        defer { held = 0 }
        nextAt = now + Self.interval
        return held
    }
}
