import Glibc

/// The host's monotonic clock: the same for all processes of one machine, in nanoseconds.
package enum MonotonicClock {
    package static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    package static func sleep(until deadline: UInt64) {
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }

    /// Lets the kernel wake the calling thread as soon as it can; by default it may do so 50 µs late. Sleeps stay that
    /// late where the system has no such file.
    package static func removeTimerSlack() {
        // `PID/task/TID`; the file lies below the thread's number, as if it were a process.
        var link = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/thread-self", &link, link.count - 1) > 0 else { return }
        let words = link.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }.split(separator: "/")
        if let thread = words.last { try? File.write("1".utf8, to: "/proc/\(thread)/timerslack_ns") }
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for a negative duration, capped at about 292 years.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? UInt64(Int64.max) : UInt64(whole) + UInt64(attoseconds / 1_000_000_000)
    }

    package var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The instant this long after `start`.
    package func after(_ start: UInt64) -> UInt64 { start.addingReportingOverflow(nanoseconds).partialValue }
}
