import Runs
import Scheduling

/// What every rank did during one step, for drawing.
public struct MedianStep: Codable, Hashable, Sendable {
    public var step: Int
    /// From the begin of the step's first work on any rank to the end of its last.
    public var lengthMs: Double
    /// Indexed by rank.
    public var lanes: [Lane]

    public struct Lane: Codable, Hashable, Sendable {
        /// All work in that time, of neighbouring steps too, in order; what lies between is idle.
        public var work: [Span]
    }

    public struct Span: Codable, Hashable, Sendable {
        public var category: Category
        public var step: Int
        /// nil for the optimizer.
        public var stage: Int?
        public var microBatch: Int?
        /// Milliseconds after the step's first work began.
        public var startMs: Double
        public var endMs: Double
    }
}

extension MedianStep {
    /// More spans than this are not drawn.
    static let drawnSpans = 1_000_000
    /// More spans than this are not written to JSON.
    static let writtenSpans = 20_000

    var spanCount: Int { lanes.reduce(0) { $0 + $1.work.count } }
    var isLarge: Bool { spanCount > Self.writtenSpans }

    init?(step: Int, logs: [RankLog]) {
        var begin = Int64.max
        var end = Int64.min
        for log in logs {
            for event in log.events where event.step == step && event.isBusy {
                begin = min(begin, Int64(event.start) + log.clockOffset)
                end = max(end, Int64(event.end) + log.clockOffset)
            }
        }
        guard begin < end else { return nil }
        self.step = step
        lengthMs = Double(end - begin) / 1e6
        lanes = logs.map { log in
            let window = (begin - log.clockOffset, end - log.clockOffset)
            let events = log.events.filter { $0.isBusy && $0.end > window.0 && $0.start < window.1 }
            return Lane(work: events.map { Span($0, after: window.0) })
        }
        guard spanCount <= Self.drawnSpans else { return nil }
    }
}

extension MedianStep.Span {
    init(_ event: Event, after begin: Int64) {
        category = event.kind.role.1
        step = event.step
        stage = event.instruction?.stage
        microBatch = event.instruction?.microBatch
        startMs = Double(Int64(event.start) - begin) / 1e6
        endMs = Double(Int64(event.end) - begin) / 1e6
    }
}
