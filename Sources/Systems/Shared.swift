import Glibc
import Synchronization

/// A value that threads share and can wait upon: a POSIX mutex with its condition variable.
package final class Shared<State>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State
    /// Counts the changes that someone may wait for.
    private let changes = Atomic<UInt64>(0)

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the value in ways that nobody waits for.
    package func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Changes the value and wakes everyone who waits.
    package func update<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        defer {
            changes.add(1, ordering: .releasing)
            pthread_cond_broadcast(condition)
        }
        return try body(&state)
    }

    /// Waits until `body` gives a value; nil once the clock passes `deadline`.
    ///
    /// Spins with `sched_yield` for `spinTime` before blocking: waking a sleeping core costs up to 100 µs.
    package func wait<R, E: Error>(
        until deadline: UInt64 = .max, spinTime: Duration = .zero, _ body: (inout State) throws(E) -> R?
    ) throws(E) -> R? {
        if spinTime > .zero {
            let end = min(spinTime.after(MonotonicClock.now), deadline)
            repeat {
                let seen = changes.load(ordering: .acquiring)
                if let result = try withLock(body) { return result }
                repeat { sched_yield() } while changes.load(ordering: .acquiring) == seen && MonotonicClock.now < end
            } while MonotonicClock.now < end
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = try body(&state) { return result }
            guard pause(until: deadline) else { return try body(&state) }
        }
    }

    /// False once the deadline has passed.
    private func pause(until deadline: UInt64) -> Bool {
        guard deadline < UInt64(Int64.max) else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }
}
