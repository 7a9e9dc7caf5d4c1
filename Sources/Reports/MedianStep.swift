import Scheduling

/// What every rank did in one step, for drawing.
public struct MedianStep: Codable, Hashable, Sendable {
    public var step: Int
    /// From the first rank's begin of the step to the last rank's end.
    public var lengthMs: Double
    /// Indexed by rank.
    public var lanes: [Lane]

    public struct Lane: Codable, Hashable, Sendable {
        /// When the rank began and ended the step, in milliseconds after the first rank began it.
        public var startMs: Double
        public var endMs: Double
        /// Work only, in order; what lies between is idle.
        public var work: [Span]
    }

    public struct Span: Codable, Hashable, Sendable {
        public var category: Category
        /// nil for the optimizer.
        public var stage: Int?
        public var microBatch: Int?
        public var startMs: Double
        public var endMs: Double
    }
}

extension MedianStep {
    /// More spans than this are neither drawn nor written.
    static let spanLimit = 20_000

    /// - Parameter accounts: those of one step, one for each log.
    init?(_ accounts: [StepAccount], logs: [RankLog]) {
        guard let first = accounts.first, let begin = accounts.map(\.start).min(),
            let end = accounts.map(\.end).max()
        else { return nil }
        func ms(_ time: Int64) -> Double { Double(time - begin) / 1e6 }
        step = first.step
        lengthMs = ms(end)
        lanes = zip(accounts, logs).map { account, log in
            let work = log.events.filter { $0.step == account.step && $0.isBusy }.map { event in
                Span(
                    category: event.kind.role.1, stage: event.instruction?.stage,
                    microBatch: event.instruction?.microBatch, startMs: ms(Int64(event.start) + log.clockOffset),
                    endMs: ms(Int64(event.end) + log.clockOffset))
            }
            return Lane(startMs: ms(account.start), endMs: ms(account.end), work: work)
        }
        guard lanes.reduce(0, { $0 + $1.work.count }) <= Self.spanLimit else { return nil }
    }
}
