#if canImport(Glibc)
    import Glibc
#endif

/// The host's monotonic clock: the same for all processes of one machine, in nanoseconds.
public enum MonotonicClock {
    public static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for a negative duration, capped at about 292 years.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? UInt64(Int64.max) : UInt64(whole) + UInt64(attoseconds / 1_000_000_000)
    }

    var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The instant this long after `start`.
    func after(_ start: UInt64) -> UInt64 { start.addingReportingOverflow(nanoseconds).partialValue }
}
