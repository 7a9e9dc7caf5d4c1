public import Runs

/// The accounts of a run: where each rank's time went in each step, and what the schedule alone would have cost.
///
/// Work, data waits and waits for room are taken as measured. A wait for a message is split into `transfer`, the time it
/// travelled while the receiver was ready, and the time its sender was late. A sender is late because of other delays, so the run
/// is replayed in the same order with the same messages, each time with one more kind of delay: equal stages, the stages' own medians,
/// all measured durations, data waits, transfers, waits for room, reductions. What a rank waits for late peers in the first
/// replay is warm-up and cool-down; what each further replay adds is imbalance, straggler, data wait, transfer,
/// back-pressure, gradient sync, in this order, up to what was measured; what no replay explains counts as straggler.
/// Of a step's passes, padding takes the share that it has in the step's positions.
public struct Accounts: Sendable {
    /// By step, then rank.
    public var steps: [StepAccount] = []
    /// What the replay with the stages' median times costs, indexed as `steps`.
    public var predicted: [Forecast] = []
    /// What the replay with equal stages costs, indexed as `steps`.
    public var balanced: [Forecast] = []
    /// Nanoseconds of work beyond the medians of its stage, indexed as `steps`.
    public var excess: [Int64] = []

    /// A rank's step in a replay without transfers, data waits and holes, nanoseconds.
    public struct Forecast: Hashable, Sendable {
        /// Length of the rank's step.
        public var wall: Int64
        /// What the rank waits for peers that have not sent yet: nothing else is idle in such a replay.
        public var idle: Int64
        /// Forwards, backwards and recomputation.
        public var compute: Int64
    }

    /// - Parameters:
    ///   - description: the run's.
    ///   - logs: one for each rank of the description. Steps that a rank did not finish are left out.
    ///   - skip: how many of the first steps do not count in the medians.
    ///   - padding: of each step, where samples differ in length.
    /// - Throws: `RunError.inconsistent` for logs that cannot be of one run, and for accounts that do not add up.
    public init(
        _ description: RunDescription, logs: [RankLog], skip: Int = 0, padding: StepPadding = StepPadding()
    ) throws {
        var builder = try TimelineBuilder(description, logs: logs)
        try self.init(try builder.build(skip: skip), padding)
    }

    init(_ timeline: ActivityTimeline, _ padding: StepPadding) throws {
        guard !timeline.steps.isEmpty else { return }
        let measured = timeline.lateWaits(timeline.measuredTiming)
        var replays: [[[LateWaits]]] = []
        var forecasts: [[[Forecast]]] = []
        for layer in ReplayLayer.allCases {
            var replay = Replay(timeline, keeping: layer)
            let timing = try replay.run()
            replays.append(timeline.lateWaits(timing))
            if layer == .balanced || layer == .medians {
                forecasts.append(timeline.forecasts(timing, waits: replays[layer.rawValue], layer))
            }
        }
        let direct = timeline.directAccounts()
        for step in timeline.steps.indices {
            for rank in timeline.ranges.indices {
                var account = direct[rank][step]
                account.split(measured[rank][step], replays: replays.map { $0[rank][step] })
                account.separate(padding: padding[timeline.steps[step]])
                try account.check()
                steps.append(account)
                balanced.append(forecasts[0][rank][step])
                predicted.append(forecasts[1][rank][step])
            }
        }
        let excess = timeline.excess()
        self.excess = timeline.steps.indices.flatMap { step in timeline.ranges.indices.map { excess[$0][step] } }
    }
}

extension StepAccount {
    /// The causes in the order of `ReplayLayer`, from `medians` on.
    private static let causes: [Category] = [
        .imbalance, .straggler, .dataWait, .transfer, .backPressure, .gradientSync,
    ]

    /// Splits the time that peers were late, and takes it from where it stands until now.
    mutating func split(_ measured: LateWaits, replays: [LateWaits]) {
        let ideal = replays[0]
        let structural = min(measured.total, ideal.total)
        let warm = min(measured.warmUp, ideal.warmUp)
        let cool = min(measured.coolDown, ideal.coolDown)
        let moreWarm = min(structural - warm - cool, measured.warmUp - warm)
        self[.warmUp] += warm + moreWarm
        self[.coolDown] += structural - warm - moreWarm
        var rest = measured.total - structural
        var explained: Int64 = 0
        for (cause, replay) in zip(Self.causes, replays.dropFirst()) {
            let extra = max(0, replay.total &- ideal.total)
            let part = min(rest, max(0, extra &- explained))
            self[cause] += part
            rest -= part
            explained = max(explained, extra)
        }
        self[.straggler] += rest
    }
}

extension ActivityTimeline {
    /// What needs no replay; waits hold what is not a peer's lateness.
    func directAccounts() -> [[StepAccount]] {
        let timing = measuredTiming
        return ranges.indices.map { rank in
            var accounts: [StepAccount] = []
            for index in ranges[rank] {
                let activity = activities[index]
                if activity.step == accounts.count {
                    let start = startsAnew(index) ? activity.start : accounts.last?.end ?? activity.start
                    accounts.append(StepAccount(rank: rank, step: steps[activity.step], start: start, end: start))
                }
                accounts[activity.step].end = activity.end
                accounts[activity.step][activity.category] += activity.duration - timing.late[index]
            }
            return accounts
        }
    }

    func forecasts(_ timing: Timing, waits: [[LateWaits]], _ layer: ReplayLayer) -> [[Accounts.Forecast]] {
        let durations = layer == .balanced ? balancedMedians : medians
        return ranges.indices.map { rank in
            var ends = [Int64](repeating: 0, count: steps.count)
            var compute = ends
            for index in ranges[rank] {
                let activity = activities[index]
                ends[activity.step] = timing.end[index]
                if activity.category.isCompute { compute[activity.step] &+= durations[activity.workClass] }
            }
            var starts = [Int64?](repeating: nil, count: steps.count)
            for index in ranges[rank] where startsAnew(index) { starts[activities[index].step] = timing.ready[index] }
            var start = ranges[rank].first.map { timing.ready[$0] } ?? 0
            return steps.indices.map { step in
                defer { start = ends[step] }
                return Accounts.Forecast(
                    wall: ends[step] &- (starts[step] ?? start), idle: waits[rank][step].total, compute: compute[step])
            }
        }
    }

    /// Per rank and step: work beyond the median of its class.
    func excess() -> [[Int64]] {
        ranges.indices.map { rank in
            var excess = [Int64](repeating: 0, count: steps.count)
            for activity in activities[ranges[rank]] where activity.kind == .work {
                excess[activity.step] &+= max(0, activity.duration - medians[activity.workClass])
            }
            return excess
        }
    }
}
