extension Schedule {
    /// What a step would take: a discrete-event run of what the schedule is lowered to.
    ///
    /// `links` holds a time for each edge; a link carries at most `queueDepth` messages that its receiver has not
    /// taken. Throws like `lower(edges:)`, and when ranks wait for one another for ever. Costs O(instructions).
    public func simulate(
        edges: [Edge], times: StageTimes, links: [LinkTime], queueDepth: Int = .max
    ) throws(ScheduleError) -> Timeline {
        let simulator = try Simulator(self, edges: edges)
        return try simulator.timeline(
            times: times, linkTimes: links, queueDepths: simulator.uniform(try Self.checked(queueDepth)))
    }

    /// The same with one time for every message.
    public func simulate(
        edges: [Edge], times: StageTimes, link: LinkTime = .free, queueDepth: Int = .max
    ) throws(ScheduleError) -> Timeline {
        try simulate(
            edges: edges, times: times, links: [LinkTime](repeating: link, count: edges.count),
            queueDepth: queueDepth)
    }

    static func checked(_ queueDepth: Int) throws(ScheduleError) -> Int {
        guard queueDepth >= 1 else { throw .argument("queue depth", expected: "at least 1", got: "\(queueDepth)") }
        return queueDepth
    }
}
