import Dispatch
import Synchronization

/// What a pure function makes of 0 ..< `count`, in that order, computed on all cores; the calling thread computes too and
/// waits for the others.
func onAllCores<Made: Sendable>(_ count: Int, _ make: @Sendable (Int) -> Made) -> [Made] {
    let made = Mutex([Made?](repeating: nil, count: count))
    DispatchQueue.concurrentPerform(iterations: count) { index in
        let value = make(index)
        made.withLock { $0[index] = value }
    }
    return made.withLock { $0.compactMap { $0 } }
}
