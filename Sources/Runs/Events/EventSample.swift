/// Chooses the steps that a report is made of: all of them while their events are few enough, else blocks of steps
/// spread evenly over the run. Thins out as more steps come, so that a run of any length is read once.
struct EventSample {
    /// Events of all ranks together.
    let limit: Int
    /// Blocks whose number is a multiple of 2^level are kept.
    private(set) var level: Int
    private var count = 0
    private static let highestLevel = 61

    /// - Parameter level: where the run itself kept no more.
    init(limit: Int, level: Int) {
        self.limit = limit
        self.level = level
    }

    func keeps(step: Int) -> Bool { EventBlock.level(ofStep: step) >= level }

    /// Adds a step's events to the last of the logs, and takes steps out of all of them where there are too many. The
    /// first steps stay, however large they are.
    mutating func add(_ step: EventCursor.Step, to logs: inout [RankLog]) {
        logs[logs.count - 1].events += step.events
        count += step.count
        while count > limit, level < Self.highestLevel {
            level += 1
            thin(&logs)
        }
    }

    /// Takes out what is not part of the sample.
    mutating func thin(_ logs: inout [RankLog]) {
        for index in logs.indices { logs[index].events.removeAll { !keeps(step: $0.step) } }
        count = logs.reduce(0) { $0 + $1.events.count }
    }
}

/// What a run's directory holds of its events, as far as a report needs them.
public struct RunLogs: Sendable {
    /// By rank, on the coordinator's clock.
    public var logs: [RankLog]
    /// What was left out.
    public var notes: [String]
    /// How many steps the run has finished, where only a sample of them is here; nil where all are.
    public var finishedSteps: Int?
}

extension RunDirectory {
    /// Events that a report is made of: some 500 bytes of memory each.
    public static let reportEvents = 250_000

    /// Reads the events of every rank, on the coordinator's clock: of a long run, a sample of its steps.
    /// - Parameter eventLimit: events of all ranks together; the run's first steps count in any case.
    public func logs(eventLimit: Int = RunDirectory.reportEvents) throws -> RunLogs {
        let parts = eventParts()
        guard !parts.isEmpty else { throw RunError.noEvents(path: path) }
        var sample = EventSample(limit: eventLimit, level: Self.storedLevel(parts))
        var found = RunLogs(logs: [], notes: [])
        var finished = Int.max
        for (rank, parts) in parts.sorted(by: { $0.key < $1.key }) {
            var events = try RankEvents(rank: rank, parts: parts, in: self)
            found.logs.append(RankLog(rank: rank))
            var last = -1
            while let step = events.next, let read = try events.take(keepsEvents: sample.keeps(step: step)) {
                if read.isWhole { last = step }
                if !read.events.isEmpty { sample.add(read, to: &found.logs) }
            }
            finished = min(finished, last + 1)
            found.take(events)
        }
        sample.thin(&found.logs)
        if sample.level > 0 { found.keepCommonSteps(finished: finished) }
        RankLog.synchronise(&found.logs)
        return found
    }

    /// The least level of which every rank still has the file: below it steps are missing.
    private static func storedLevel(_ parts: [Int: [EventPart]]) -> Int {
        let least = parts.values.map { parts in
            parts.compactMap { part -> Int? in if case .sample(let level) = part { level } else { nil } }.min() ?? 0
        }
        return min(61, least.max() ?? 0)
    }
}

extension RunLogs {
    /// Gives the last log its header and readings.
    fileprivate mutating func take(_ events: RankEvents) {
        let last = logs.count - 1
        var header = events.log
        swap(&header.events, &logs[last].events)
        logs[last] = header
        notes += events.notes
    }

    /// Samples may end at different steps on different ranks.
    fileprivate mutating func keepCommonSteps(finished: Int) {
        var common: Set<Int>?
        for log in logs {
            let own = Set(log.events.lazy.map(\.step))
            common = common?.intersection(own) ?? own
        }
        guard let common, common.count < finished else { return }
        finishedSteps = finished
        for index in logs.indices { logs[index].events.removeAll { !common.contains($0.step) } }
    }
}
