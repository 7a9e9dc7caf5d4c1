public import Runs

/// One run beside another: what a change did to the step, to the tokens and to each cause of waiting.
public struct RunComparison: Codable, Hashable, Sendable {
    /// Version of the JSON form.
    public var version = 1
    /// The run that is compared with.
    public var before: Side
    /// The run that is judged: differences and ratios are of this one against `before`.
    public var after: Side
    /// Step time, tokens and bubble.
    public var figures: [Row]
    /// Milliseconds per step and rank, of causes that took any time in either run.
    public var causes: [Row]
    /// What else than time differs between the runs.
    public var differences: [String]

    /// What a reader needs to know of a run.
    public struct Side: Codable, Hashable, Sendable {
        /// Name of the pipeline.
        public var name: String
        /// When it began: ISO 8601, UTC.
        public var startedAt: String
        /// Name of its schedule.
        public var schedule: String
        /// Stages of its pipeline.
        public var stages: Int
        /// Micro-batches of one step.
        public var microBatches: Int
        /// How many steps its figures are made of.
        public var steps: Int
        /// By rank.
        public var devices: [String]
        /// nil where unknown.
        public var tokensPerStep: Int?
    }

    /// One figure of both runs.
    public struct Row: Codable, Hashable, Sendable {
        /// `step_ms_p50`, or a cause's name.
        public var key: String
        /// What the text calls it: `step, p50`.
        public var title: String
        /// What the values are measured in.
        public var unit: Unit
        /// Its value in the earlier run.
        public var before: Double
        /// Its value in the later run.
        public var after: Double
        /// `after` − `before`, in the row's unit.
        public var difference: Double
        /// After over before; nil where before is 0.
        public var ratio: Double?
    }

    /// What a row's values are measured in.
    public enum Unit: String, Codable, Hashable, Sendable {
        /// Milliseconds: per step, or per step and rank for a cause.
        case milliseconds = "ms"
        /// Tokens (or samples) per second of the whole pipeline: more is better.
        case tokensPerSecond = "tokens_per_s"
        /// 0…1
        case share
    }

    /// Throws `RunError.notComparable` where the runs do not train the same model.
    public init(_ before: BubbleReport, _ after: BubbleReport) throws(RunError) {
        try Self.check(before, after)
        self.before = Side(before)
        self.after = Side(after)
        figures = [
            Row("step_ms_p50", "step, p50", .milliseconds, before.stepMs.p50, after.stepMs.p50),
            Row("step_ms_p95", "step, p95", .milliseconds, before.stepMs.p95, after.stepMs.p95),
            Row("tokens_per_s", "tokens/s", .tokensPerSecond, before.tokensPerS, after.tokensPerS),
            Row(
                "bubble_fraction", "bubble, idle / wall", .share, before.bubble.measured.fraction,
                after.bubble.measured.fraction),
            Row(
                "bubble_overhead", "bubble, idle / compute", .share, before.bubble.measured.overhead,
                after.bubble.measured.overhead),
        ]
        causes = Category.allCases.compactMap { cause in
            let row = Row(
                cause.rawValue, cause.title, .milliseconds, before[cause]?.ms.p50 ?? 0, after[cause]?.ms.p50 ?? 0)
            return row.before >= 0.005 || row.after >= 0.005 ? row : nil
        }
        differences = Self.differences(self.before, self.after)
    }
}

extension RunComparison.Row {
    init(_ key: String, _ title: String, _ unit: RunComparison.Unit, _ before: Double, _ after: Double) {
        self.init(
            key: key, title: title, unit: unit, before: before, after: after, difference: after - before,
            ratio: before != 0 ? after / before : nil)
    }

    /// True where more of it is better.
    var isGain: Bool { unit == .tokensPerSecond }
}

extension RunComparison.Side {
    init(_ report: BubbleReport) {
        self.init(
            name: report.name, startedAt: report.startedAt, schedule: report.schedule, stages: report.stages,
            microBatches: report.microBatches, steps: report.steps, devices: report.ranks.map(\.device),
            tokensPerStep: report.tokensPerStep)
    }
}
