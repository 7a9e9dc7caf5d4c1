import Dispatch
import Synchronization

/// A value that one thread waits for and another makes.
final class Promise<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    func keep(_ new: Value) {
        value.withLock { $0 = new }
        isKept.signal()
    }

    /// Blocks the thread. nil only where nothing was kept.
    func wait() -> Value? {
        isKept.wait()
        return value.withLock { $0 }
    }
}
