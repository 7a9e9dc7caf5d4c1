package import Foundation
import Synchronization

/// The newest edition of the page, and those who want to hear of newer ones.
///
/// A listener is given the newest edition when it asks, never a backlog: a slow one misses some, and holds nothing up.
package final class PageBoard: Sendable {
    package struct Edition: Sendable {
        /// Rises with each.
        var number = 0
        /// Rises with each new report.
        var report = 0
        /// The whole page, UTF-8.
        var page = Data()
        /// The part that changes often, as JSON.
        var status = ""
        /// Nothing comes after it.
        var isLast = false
    }

    private struct State {
        var edition = Edition()
        var listeners: [Int: AsyncStream<Edition>.Continuation] = [:]
        var listenerCount = 0
    }

    private let state = Mutex(State())

    package init() {}

    var edition: Edition { state.withLock { $0.edition } }
    package var listenerCount: Int { state.withLock { $0.listeners.count } }

    package func publish(page: Data, status: String, isNewReport: Bool, isLast: Bool = false) {
        state.withLock { state in
            state.edition.number += 1
            state.edition.report += isNewReport ? 1 : 0
            state.edition.page = page
            state.edition.status = status
            state.edition.isLast = isLast
            for listener in state.listeners.values { listener.yield(state.edition) }
        }
    }

    /// The newest edition at once, then newer ones as they appear.
    func editions() -> AsyncStream<Edition> {
        let (stream, listener) = AsyncStream.makeStream(of: Edition.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.listenerCount += 1
            state.listeners[state.listenerCount] = listener
            listener.yield(state.edition)
            return state.listenerCount
        }
        listener.onTermination = { [weak self] _ in self?.remove(id) }
        return stream
    }

    private func remove(_ id: Int) {
        // Released outside the lock: a listener's end calls back.
        _ = state.withLock { $0.listeners.removeValue(forKey: id) }
    }
}
