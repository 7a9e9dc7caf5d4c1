import Runs

/// One rank's newest events, in whole steps.
struct StepWindow {
    private(set) var events: [Event] = []
    /// The first step's beginning is missing.
    private var isCutOff = false

    /// Rank logs come in whole steps, so a step is whole as soon as the update at its end is there.
    var lastWhole: Int? { events.last { $0.kind == .optimizer }?.step }
    var firstWhole: Int? {
        guard let first = events.first else { return nil }
        return isCutOff ? events.first { $0.step != first.step }?.step : first.step
    }

    /// A step's end is here and its beginning is not, and there is no other.
    var isTooLarge: Bool { lastWhole != nil && firstWhole == nil }

    /// Drops the oldest steps where there are more than `limit` events.
    mutating func add(_ news: EventTail.News, limit: Int) {
        if news.hasGap {
            events = []
            isCutOff = true
        }
        events += news.events
        guard events.count > limit else { return }
        let kept = events[events.count - limit - 1].step
        let start = events.firstIndex { $0.step > kept } ?? events.count
        events.removeFirst(start)
        isCutOff = events.isEmpty
    }
}
