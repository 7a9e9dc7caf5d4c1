import Runs
import Scheduling

/// What every rank did during one step, for drawing.
public struct MedianStep: Codable, Hashable, Sendable {
    /// Number of the step, counted from 0.
    public var step: Int
    /// Milliseconds from the begin of the step's first work on any rank to the end of its last.
    public var lengthMs: Double
    /// Indexed by rank.
    public var lanes: [Lane]

    /// One rank's row of the drawing.
    public struct Lane: Codable, Hashable, Sendable {
        /// All work in that time, of neighbouring steps too, in order; what lies between is idle.
        public var work: [Span]
    }

    /// One instruction, recomputation or update.
    public struct Span: Codable, Hashable, Sendable {
        /// Which kind of work it is.
        public var category: Category
        /// The step that it belongs to, which may be a neighbour of the drawn one.
        public var step: Int
        /// The stage that computed; nil for the optimizer.
        public var stage: Int?
        /// The micro-batch, counted from 0; nil for the optimizer.
        public var microBatch: Int?
        /// Its begin, in milliseconds after the drawn step's first work began; negative for work that was under way
        /// then.
        public var startMs: Double
        /// Its end, likewise.
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
