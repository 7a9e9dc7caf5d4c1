import Synchronization

/// The newest edition of the page, between the thread that makes it and the one that serves it.
package final class PageBoard: Sendable {
    package struct Edition: Sendable {
        /// Rises with each.
        var number = 0
        /// Rises with each new report.
        var report = 0
        /// The whole page, UTF-8.
        var page: [UInt8] = []
        /// The part that changes often, as JSON.
        var status = ""
        /// What Prometheus reads.
        var metrics: [UInt8] = []
        /// Nothing comes after it.
        var isLast = false
    }

    private struct State {
        var edition = Edition()
        var listenerCount = 0
        var changed: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    var edition: Edition { state.withLock { $0.edition } }
    /// Who is told of new editions.
    package var listenerCount: Int { state.withLock { $0.listenerCount } }
    func setListenerCount(_ count: Int) { state.withLock { $0.listenerCount = count } }

    /// - Parameter changed: called after each new edition; nil: nobody serves them any more.
    func onChange(_ changed: (@Sendable () -> Void)?) { state.withLock { $0.changed = changed } }

    package func publish(
        page: [UInt8], status: String, metrics: [UInt8] = [], isNewReport: Bool, isLast: Bool = false
    ) {
        state.withLock { state in
            state.edition.number += 1
            state.edition.report += isNewReport ? 1 : 0
            state.edition.page = page
            state.edition.status = status
            state.edition.metrics = metrics
            state.edition.isLast = isLast
            state.changed?()
        }
    }
}
