import Systems

/// The process's peak memory, asked of the system at most once a second: that takes longer than a short instruction.
struct PeakMemory {
    private var known = 0
    private var askedAt: UInt64 = 0
    private static let interval: UInt64 = 1_000_000_000

    mutating func bytes(now: UInt64 = MonotonicClock.now) -> Int {
        if known == 0 || now >= askedAt + Self.interval {
            known = ResidentMemory.peak ?? known
            askedAt = now
        }
        return known
    }
}
