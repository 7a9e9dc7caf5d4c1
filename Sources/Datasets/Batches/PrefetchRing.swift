internal import Glibc

/// Who may touch which slot of a ring: the meeting point of a prefetcher's two threads.
///
/// Items flow claim → deliver (producer), take → release by the next take (consumer); item i lives in slot i mod depth.
final class PrefetchRing: @unchecked Sendable {
    private let depth: Int
    private let count: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// What the consumer waits for, and what the producer does.
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let freed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // All under the mutex.
    private var delivered = 0
    private var taken = 0
    private var released = 0
    private var failure: DatasetError?
    private var stopped = false

    init(depth: Int, count: Int) {
        self.depth = depth
        self.count = count
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
        pthread_cond_init(freed, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_cond_destroy(freed)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        freed.deallocate()
        mutex.deallocate()
    }

    /// The producer's next item, once a slot is free; nil when there is nothing more to produce. A producer that has to
    /// wait sleeps until half of the slots are free: waking it for each costs more than filling one.
    func claim() -> Int? {
        lock()
        defer { unlock() }
        if isFull { while !isEnded, delivered < count, !isHalfFree { pthread_cond_wait(freed, mutex) } }
        return isEnded || delivered == count ? nil : delivered
    }

    func deliver() {
        lock()
        defer { unlock() }
        delivered += 1
        pthread_cond_signal(filled)
    }

    func fail(_ error: DatasetError) {
        lock()
        defer { unlock() }
        failure = error
        pthread_cond_signal(filled)
    }

    func stop() {
        lock()
        defer { unlock() }
        stopped = true
        pthread_cond_broadcast(filled)
        pthread_cond_broadcast(freed)
    }

    /// Releases the consumer's item and takes the next one, with the nanoseconds it had to wait.
    func take(_ now: () -> UInt64) throws(DatasetError) -> (index: Int, waited: UInt64)? {
        lock()
        defer { unlock() }
        released = taken
        if isHalfFree { pthread_cond_signal(freed) }
        var waited: UInt64 = 0
        if mustWait {
            let start = now()
            while mustWait { pthread_cond_wait(filled, mutex) }
            waited = now() - start
        }
        if stopped { return nil }
        if delivered > taken {
            taken += 1
            return (taken - 1, waited)
        }
        if let failure { throw failure }
        return nil
    }

    private var isEnded: Bool { stopped || failure != nil }
    private var isFull: Bool { delivered - released >= depth }
    private var isHalfFree: Bool { delivered - released <= depth / 2 }
    private var mustWait: Bool { !isEnded && delivered == taken && delivered < count }

    private func lock() { pthread_mutex_lock(mutex) }
    private func unlock() { pthread_mutex_unlock(mutex) }
}
