internal import Glibc

/// Who may touch which slot of a ring: the meeting point of a prefetcher's two threads.
///
/// Items flow claim → deliver (producer), take → release by the next take (consumer); item i lives in slot i mod depth.
final class PrefetchRing: @unchecked Sendable {
    private let depth: Int
    private let count: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
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
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// The producer's next item, once a slot is free; nil when there is nothing more to produce.
    func claim() -> Int? {
        lock()
        defer { unlock() }
        while !stopped, failure == nil, delivered < count, delivered - released >= depth { wait() }
        return stopped || failure != nil || delivered == count ? nil : delivered
    }

    func deliver() {
        lock()
        defer { unlock() }
        delivered += 1
    }

    func fail(_ error: DatasetError) {
        lock()
        defer { unlock() }
        failure = error
    }

    func stop() {
        lock()
        defer { unlock() }
        stopped = true
    }

    /// Releases the consumer's item and takes the next one, with the nanoseconds it had to wait.
    func take(_ now: () -> UInt64) throws(DatasetError) -> (index: Int, waited: UInt64)? {
        lock()
        defer { unlock() }
        released = taken
        var waited: UInt64 = 0
        if mustWait {
            pthread_cond_broadcast(changed)
            let start = now()
            while mustWait { wait() }
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

    private var mustWait: Bool { !stopped && failure == nil && delivered == taken && delivered < count }

    private func lock() { pthread_mutex_lock(mutex) }

    /// Every change is one that the other side may wait for.
    private func unlock() {
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    private func wait() { pthread_cond_wait(changed, mutex) }
}
