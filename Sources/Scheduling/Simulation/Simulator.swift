/// A discrete-event model of one step of a schedule, prepared once and run with any times.
///
/// Preparing costs O(instructions × edges per stage) and four bytes for each message; running costs the same, and
/// memory
/// for the messages on their way alone.
///
///     let simulator = try Simulator(.gpipe(stages: 4, microBatches: 8), edges: Edge.chain(stages: 4))
///     let links = [LinkTime](repeating: .free, count: simulator.edges.count)
///     let seconds = try simulator.step(times: .units(stages: 4), linkTimes: links).makespan
public struct Simulator: Sendable {
    /// The schedule whose step is simulated.
    public let schedule: Schedule
    /// What its stages need of one another: `linkTimes` are given in this order.
    public let edges: [Edge]
    private let routes: Routes

    /// Throws like `Schedule.lower(edges:)`.
    public init(_ schedule: Schedule, edges: [Edge]) throws(ScheduleError) {
        try schedule.checkOrder(edges: edges)
        self.schedule = schedule
        self.edges = edges
        routes = Routes(schedule, edges: edges)
    }

    /// The links, in the order of `LoweredSchedule.links`.
    public var links: [Link] { routes.links }

    /// By link: how many messages it carries in a step.
    public var messagesOfLink: [Int] { routes.messagesOfLink }

    /// When each rank works: what a timeline sums up, without keeping each instruction's time.
    ///
    /// `linkTimes` holds a time for each edge; `queueDepths`, by link, how many messages a link carries that its
    /// receiver has not taken, without bound unless given. Throws when ranks wait for one another for ever.
    public func step(
        times: StageTimes, linkTimes: [LinkTime], queueDepths: [Int]? = nil
    ) throws(ScheduleError) -> StepTimes {
        StepTimes(try run(times: times, linkTimes: linkTimes, queueDepths: queueDepths))
    }

    /// When each rank runs each of its instructions; otherwise as `step(times:linkTimes:queueDepths:)`.
    public func timeline(
        times: StageTimes, linkTimes: [LinkTime], queueDepths: [Int]? = nil
    ) throws(ScheduleError) -> Timeline {
        let execution = try run(times: times, linkTimes: linkTimes, queueDepths: queueDepths, records: .starts)
        return Timeline(schedule, times: times, starts: execution.starts, step: StepTimes(execution))
    }

    /// By link: as many messages as lie on it at most in a run where no link ever fills. With these depths the schedule
    /// neither deadlocks nor waits for room, at these times.
    public func queueDepths(times: StageTimes, linkTimes: [LinkTime]) throws(ScheduleError) -> [Int] {
        let free = try run(times: times, linkTimes: linkTimes, queueDepths: nil, records: .links)
        let least = free.links.map { max($0.recorded?.peak(together: false) ?? 1, 1) }
        // Where messages are taken and sent in one instant, these depths need an order that the ranks may not follow.
        let bounded = execution(times, linkTimes, queueDepths: least)
        if bounded.isDone && zip(bounded.ranks, free.ranks).allSatisfy({ $0.end == $1.end }) { return least }
        return free.links.map { max($0.recorded?.peak(together: true) ?? 1, 1) }
    }

    /// The smallest depth of at least `least`, the same for every link, at which no ranks wait for one another for ever;
    /// nil: none helps. Tries `least` first and doubles it, since small depths mostly do.
    func smallestQueueDepth(atLeast least: Int) -> Int? {
        let enough = max(messagesOfLink.max() ?? 1, least)
        var range = least...least
        while !finishes(queueDepth: range.upperBound) {
            guard range.upperBound < enough else { return nil }
            range = (range.upperBound + 1)...min(2 * range.upperBound, enough)
        }
        while range.count > 1 {
            let middle = (range.lowerBound + range.upperBound) / 2
            range = finishes(queueDepth: middle) ? range.lowerBound...middle : (middle + 1)...range.upperBound
        }
        return range.lowerBound
    }

    private func finishes(queueDepth: Int) -> Bool {
        execution(
            .units(stages: schedule.stageCount), freeLinks, queueDepths: uniform(queueDepth)
        ).isDone
    }

    var freeLinks: [LinkTime] { [LinkTime](repeating: .free, count: edges.count) }

    func uniform(_ queueDepth: Int) -> [Int] { [Int](repeating: queueDepth, count: links.count) }

    private func execution(
        _ times: StageTimes, _ linkTimes: [LinkTime], queueDepths: [Int], records: Execution.Records = []
    ) -> Execution {
        Execution(schedule, routes, times: times, linkTimes: linkTimes, queueDepths: queueDepths, records: records)
    }

    private func run(
        times: StageTimes, linkTimes: [LinkTime], queueDepths: [Int]?, records: Execution.Records = []
    ) throws(ScheduleError) -> Execution {
        try check(times, linkTimes, queueDepths)
        let depths = queueDepths ?? uniform(.max)
        let execution = execution(times, linkTimes, queueDepths: depths, records: records)
        guard execution.isDone else {
            let stuck = schedule.ranks.indices.filter { !execution.isDone($0) }
            throw schedule.deadlock(
                try schedule.lower(edges: edges), at: execution.ranks.map(\.operations), stuck, queueDepths: depths)
        }
        return execution
    }

    private func check(_ times: StageTimes, _ linkTimes: [LinkTime], _ depths: [Int]?) throws(ScheduleError) {
        guard times.stages.count == schedule.stageCount else {
            throw .argument("stage times", expected: "\(schedule.stageCount) stages", got: "\(times.stages.count)")
        }
        guard linkTimes.count == edges.count else {
            throw .argument("link times", expected: "\(edges.count) edges", got: "\(linkTimes.count)")
        }
        guard let depths else { return }
        guard depths.count == links.count else {
            throw .argument("queue depths", expected: "\(links.count) links", got: "\(depths.count)")
        }
        if let depth = depths.first(where: { $0 < 1 }) {
            throw .argument("queue depth", expected: "at least 1", got: "\(depth)")
        }
    }
}
