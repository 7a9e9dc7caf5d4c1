import Dispatch
import Synchronization

/// A value that one thread waits for and a task makes: the way from threads that may block to tasks that may not.
package final class Promise<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    package init() {}

    /// The first value counts.
    package func keep(_ new: Value) {
        let isFirst = value.withLock { value in
            guard value == nil else { return false }
            value = new
            return true
        }
        if isFirst { isKept.signal() }
    }

    /// Blocks the thread. Never to be called in a task.
    package func wait() -> Value {
        isKept.wait()
        return kept()
    }

    /// - Returns: nil where there is no value in time.
    package func wait(seconds: Double) -> Value? { isKept.wait(timeout: .now() + seconds) == .success ? kept() : nil }

    private func kept() -> Value {
        isKept.signal()
        guard let value = value.withLock({ $0 }) else { preconditionFailure("signalled before the value was there") }
        return value
    }

    /// What a task returns, in time.
    static func result(within seconds: Double, _ body: @escaping @Sendable () async -> Value) -> Value? {
        let promise = Promise()
        Task.detached { promise.keep(await body()) }
        return promise.wait(seconds: seconds)
    }
}
