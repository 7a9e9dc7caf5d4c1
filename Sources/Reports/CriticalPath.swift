/// The chain of work and waits that made a step as long as it was: shorten any of it and the step ends earlier.
public struct CriticalPath: Codable, Hashable, Sendable {
    /// Number of the step, counted from 0.
    public var step: Int
    /// From the begin of the step's first work on any rank to the end of its last.
    public var lengthMs: Double
    /// Where the time went, largest first.
    public var parts: [Part]
    /// In order of time, without holes; neighbours of one kind on one rank are joined.
    public var segments: [Segment]

    /// What one rank spent on one category, over the whole path.
    public struct Part: Codable, Hashable, Sendable {
        /// Who worked or waited.
        public var rank: Int
        /// On what.
        public var category: Category
        /// Milliseconds of the path.
        public var ms: Double
        /// Of the path, 0…1.
        public var share: Double
    }

    /// One stretch of the path: a rank and what it did there.
    public struct Segment: Codable, Hashable, Sendable {
        /// Who worked or waited; of a message that travels, the receiver.
        public var rank: Int
        /// What the rank worked on or waited for.
        public var category: Category
        /// Its begin, in milliseconds after the step's first work began.
        public var startMs: Double
        /// Its end, likewise; the next segment begins there.
        public var endMs: Double
    }

    /// What the path spends on the model.
    public var computeShare: Double { parts.reduce(0) { $0 + ($1.category.isCompute ? $1.share : 0) } }
}

extension CriticalPath {
    /// Walks back from the end of the step's last work: through what a rank did before, and where it waited for a peer,
    /// through what that peer did.
    ///
    /// - Parameter place: of the step among the timeline's steps.
    init?(_ timeline: ActivityTimeline, place: Int) {
        let work = timeline.activities.indices.filter {
            timeline.activities[$0].step == place && timeline.activities[$0].kind == .work
        }
        guard let begin = work.map({ timeline.activities[$0].start }).min(),
            let last = work.max(by: { timeline.activities[$0].end < timeline.activities[$1].end })
        else { return nil }
        var walk = CriticalWalk(timeline, begin: begin, at: timeline.activities[last].end)
        walk.run(from: last)
        self.init(
            step: timeline.steps[place], lengthMs: Double(timeline.activities[last].end - begin) / 1e6, parts: [],
            segments: walk.segments.reversed())
        guard lengthMs > 0 else { return nil }
        findParts()
    }

    private mutating func findParts() {
        struct Place: Hashable {
            var rank: Int
            var category: Category
        }
        var sums: [Place: Double] = [:]
        for segment in segments {
            sums[Place(rank: segment.rank, category: segment.category), default: 0] += segment.endMs - segment.startMs
        }
        let sorted = sums.sorted {
            ($1.value, $0.key.rank, $0.key.category.index) < ($0.value, $1.key.rank, $1.key.category.index)
        }
        parts = sorted.map { place, ms in
            Part(rank: place.rank, category: place.category, ms: ms, share: ms / lengthMs)
        }
    }
}

/// The walk from the end of a step to its begin.
private struct CriticalWalk {
    private let timeline: ActivityTimeline
    private let begin: Int64
    /// What lies after this instant is on the path already.
    private var now: Int64
    /// From the end to the begin.
    private(set) var segments: [CriticalPath.Segment] = []

    init(_ timeline: ActivityTimeline, begin: Int64, at end: Int64) {
        self.timeline = timeline
        self.begin = begin
        now = end
    }

    mutating func run(from last: Int) {
        var index: Int? = last
        var left = timeline.activities.count
        while let place = index, now > begin, left > 0 {
            index = walk(place)
            left -= 1
        }
    }

    /// Takes the part of an activity that is on the path, and says what to walk next.
    private mutating func walk(_ index: Int) -> Int? {
        let activity = timeline.activities[index]
        switch activity.kind {
        case .receive where activity.duration > 0 && activity.dependency >= 0 && activity.sent > activity.start:
            let maker = timeline.activities[activity.dependency]
            take(.transfer, of: activity.rank, from: activity.sent)
            take(activity.heldBy, of: maker.rank, from: maker.end)
            return activity.dependency
        case .sync:
            let awaited = timeline.awaited(by: index)
            guard let late = awaited.max(by: { timeline.activities[$0].start < timeline.activities[$1].start }),
                timeline.activities[late].start > activity.start
            else { break }
            take(.gradientSync, of: activity.rank, from: timeline.activities[late].start)
            return before(late)
        case .work, .gap, .dataWait, .sendWait, .handOver, .receive: break
        }
        take(activity.category, of: activity.rank, from: activity.start)
        return before(index)
    }

    private func before(_ index: Int) -> Int? {
        let first = timeline.ranges[timeline.activities[index].rank].lowerBound
        return index > first ? index - 1 : nil
    }

    private mutating func take(_ category: Category, of rank: Int, from start: Int64) {
        let from = max(begin, min(now, start))
        guard from < now else { return }
        let (startMs, endMs) = (Double(from - begin) / 1e6, Double(now - begin) / 1e6)
        now = from
        if let next = segments.last, next.rank == rank, next.category == category {
            segments[segments.count - 1].startMs = startMs
        } else {
            segments.append(CriticalPath.Segment(rank: rank, category: category, startMs: startMs, endMs: endMs))
        }
    }
}
