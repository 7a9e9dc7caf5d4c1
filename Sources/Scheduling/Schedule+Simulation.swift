extension Schedule {
    /// What a step would take: a discrete-event run of the lowered schedule.
    ///
    /// `links` holds a time for each edge; a link carries at most `queueDepth` messages that its receiver has not
    /// taken. Throws like `lower(edges:)`, and when ranks wait for one another for ever. Costs O(instructions).
    public func simulate(
        edges: [Edge], times: StageTimes, links: [LinkTime], queueDepth: Int = .max
    ) throws(ScheduleError) -> Timeline {
        guard times.stages.count == stageCount else {
            throw .argument("stage times", expected: "\(stageCount) stages", got: "\(times.stages.count)")
        }
        guard links.count == edges.count else {
            throw .argument("link times", expected: "\(edges.count) edges", got: "\(links.count)")
        }
        let execution = try run(lower(edges: edges), times: times, links: links, queueDepth: queueDepth)
        return Timeline(self, times: times, starts: execution.starts)
    }

    /// The same with one time for every message.
    public func simulate(
        edges: [Edge], times: StageTimes, link: LinkTime = .free, queueDepth: Int = .max
    ) throws(ScheduleError) -> Timeline {
        try simulate(
            edges: edges, times: times, links: [LinkTime](repeating: link, count: edges.count),
            queueDepth: queueDepth)
    }

    /// Runs what this schedule was lowered to. Throws when it ends before every rank is done.
    func run(
        _ lowered: LoweredSchedule, times: StageTimes, links: [LinkTime], queueDepth: Int
    ) throws(ScheduleError) -> Execution {
        guard queueDepth >= 1 else { throw .argument("queue depth", expected: "at least 1", got: "\(queueDepth)") }
        let execution = Execution(lowered, times: times, linkTimes: links, queueDepth: queueDepth)
        let stuck = lowered.ranks.indices.filter { !execution.isDone($0) }
        guard stuck.isEmpty else { throw deadlock(lowered, at: execution.position, stuck, queueDepth: queueDepth) }
        return execution
    }
}
