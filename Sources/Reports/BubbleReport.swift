import Foundation
import Runs

/// Where a run's time went, stage by stage and cause by cause; the value behind the terminal report and `--json`.
///
///     let report = try RunDirectory("runs/demo").report()
///     print(report.headline.sentence)
///     print(report.bubble.measured.fraction, report[.straggler]?.ms.p50 ?? 0)
///
/// Steps, ranks, stages and micro-batches count from 0; the metrics count steps from 1.
public struct BubbleReport: Codable, Hashable, Sendable {
    /// Version of the JSON form.
    public var version = 1
    /// Name of the pipeline, from its manifest.
    public var name: String
    /// Name of the schedule that ran: `1f1b`, `gpipe`, or that of a written one.
    public var schedule: String
    /// Stages of one pipeline, p; more than ranks where these own several.
    public var stages: Int
    /// Micro-batches of one step, m.
    public var microBatches: Int
    /// When the run began: ISO 8601, UTC; empty where its description does not say.
    public var startedAt: String
    /// Number of the first step that counts in the figures.
    public var firstStep: Int
    /// Number of the last step that counts.
    public var lastStep: Int
    /// How many steps count; fewer than from `firstStep` to `lastStep` where the log is a sample.
    public var steps: Int
    /// How many steps the run has finished, where those that count are a sample of them; else nil.
    public var finishedSteps: Int?
    /// Finished steps before those, left out because caches were cold.
    public var skipped: Int
    /// The top cause in one sentence, and what would help.
    public var headline: Headline
    /// The bubble as measured, as the stages' medians predict it, and as equal stages would have it.
    public var bubble: Bubble
    /// Milliseconds from one step to the next: of each step the mean over ranks, then its spread over steps.
    public var stepMs: Spread
    /// Tokens (or samples) per second over all steps that count.
    public var tokensPerS: Double
    /// Tokens (or samples) of one global batch.
    public var tokensPerStep: Int?
    /// 0 where the model's FLOPs are unknown.
    public var flopsPerS: Double
    /// FLOP/s of all devices together at their peak; nil where unknown.
    public var peakFlops: Double?
    /// Indexed by rank.
    public var ranks: [RankReport]
    /// All ranks together.
    public var causes: [CauseReport]
    /// Traffic between ranks, one entry for each direction that messages were received over, by sender, then receiver.
    public var links: [LinkReport]
    /// Copies of the pipeline; nil is one.
    public var replicas: Int?
    /// Workers that share each layer; nil is one.
    public var shards: Int?
    /// What adding the replicas' gradients takes, indexed by rank; nil where there is one replica.
    public var gradientSums: [GradientSum]?
    /// A step of median length; nil for runs too large to draw.
    public var medianStep: MedianStep?
    /// The same instructions with equal stages and free messages.
    public var idealStep: MedianStep?
    /// What made the median step as long as it was.
    public var criticalPath: CriticalPath?
    /// The run as it was, replayed with its median times, then what would change them, the best first.
    public var whatIfs: [WhatIf] = []
    /// What the log of one step takes, of all ranks together.
    public var eventBytesPerStep: Double?
    /// What was left out, and how far clocks can be trusted.
    public var notes: [String]

    /// A median and the value that one in twenty exceeds.
    public struct Spread: Codable, Hashable, Sendable {
        /// The median.
        public var p50: Double
        /// The 95th percentile, interpolated between the nearest two values.
        public var p95: Double
    }

    /// One rank's gradients on their way to its other replicas and back, as a mean over the steps.
    public struct GradientSum: Codable, Hashable, Sendable {
        /// Bytes of sums that come back in a step.
        public var bytesPerStep: Double
        /// Milliseconds from when the first gradients leave until all sums are there.
        public var underWayMs: Double
        /// What of it the rank waited, with nothing else to do.
        public var exposedMs: Double
        /// The share that passes lay over, 0…1.
        public var hidden: Double { underWayMs > 0 ? max(0, 1 - exposedMs / underWayMs) : 1 }
    }

    /// Idle time over two denominators.
    public struct Ratio: Codable, Hashable, Sendable {
        /// Idle over wall.
        public var fraction: Double
        /// Idle over forward and backward.
        public var overhead: Double
    }

    /// The run's idle share beside two that it could have had; all sum over ranks and counted steps.
    public struct Bubble: Codable, Hashable, Sendable {
        /// From the events: everything that is neither computing nor the optimizer is idle.
        public var measured: Ratio
        /// The schedule run with each stage's median times, free messages, nothing else in the way.
        public var predicted: Ratio
        /// The closed form where the schedule has one, else the schedule run with equal stages.
        public var ideal: Ratio
        /// True where `ideal` is (p−1)/(m+p−1) and (p−1)/m.
        public var idealIsClosedForm: Bool
    }

    /// What one cause took, of one rank or of all.
    public struct CauseReport: Codable, Hashable, Sendable {
        /// Which of the categories that make up the wall time.
        public var cause: Category
        /// Per step, milliseconds.
        public var ms: Spread
        /// Of wall, 0…1.
        public var share: Double
    }

    /// One rank: where its steps' time went, and what its stages' work takes.
    public struct RankReport: Codable, Hashable, Sendable {
        /// Number of the rank.
        public var rank: Int
        /// The stages that it owns, rising.
        public var stages: [Int]
        /// Its device, as in the manifest: `cpu:0`.
        public var device: String
        /// Name of its machine.
        public var host: String
        /// Per step, milliseconds.
        public var wallMs: Spread
        /// One entry for each category, in the order of `Category.allCases`.
        public var causes: [CauseReport]
        /// By stage, in the order of `stages`.
        public var work: [StageWork]
        /// Work beyond the stage's medians, milliseconds per step.
        public var excessMs: Double
        /// Steps whose excess was more than a tenth of the median step.
        public var slowSteps: Int
        /// The slowest of those, worst first; five at most.
        public var worstSteps: [SlowStep]?
    }

    /// A step in which a rank's work took longer than its medians.
    public struct SlowStep: Codable, Hashable, Sendable {
        /// Number of the step.
        public var step: Int
        /// Milliseconds of the rank's work in that step beyond its medians.
        public var excessMs: Double
    }

    /// What one micro-batch takes on one stage: medians of its instructions over the steps that count.
    public struct StageWork: Codable, Hashable, Sendable {
        /// Number of the stage.
        public var stage: Int
        /// How many layers it has; of two parts of a layer each counts 0.5.
        public var layers: Double
        /// Milliseconds of the forward.
        public var forwardMs: Double
        /// Milliseconds of the backward: both halves where the schedule splits them, and recomputation.
        public var backwardMs: Double
        /// Milliseconds of forward and backward.
        public var totalMs: Double { forwardMs + backwardMs }
    }

    /// What travelled from one rank to another, and how long the receiver waited for it.
    public struct LinkReport: Codable, Hashable, Sendable {
        /// The sending rank.
        public var from: Int
        /// The receiving rank.
        public var to: Int
        /// Messages per step, averaged over the steps that count.
        public var messagesPerStep: Double
        /// Payload bytes per step, averaged over the steps that count.
        public var bytesPerStep: Double
        /// Payload in MB/s (10⁶ bytes) over the whole time of the steps that count, not only while messages travelled.
        public var mbPerS: Double
        /// Milliseconds from handing over to arrival, of messages that were waited for.
        public var latencyMs: Spread
        /// The receiver waited while they travelled, milliseconds per step.
        public var waitedMs: Double
    }

    /// The one sentence to read.
    public struct Headline: Codable, Hashable, Sendable {
        /// nil where there is nothing to gain.
        public var cause: Category?
        /// The stages or ranks responsible.
        public var stages: [Int]
        /// Measured and ideal bubble, then the top cause with its share of the time and the stage or rank.
        public var sentence: String
        /// What would help, in one sentence; nil where nothing is known to.
        public var fix: String?
    }

    /// What a category took over all ranks; nil only in a report read from JSON that lacks it.
    public subscript(_ cause: Category) -> CauseReport? { causes.first { $0.cause == cause } }
}

extension BubbleReport {
    /// The JSON text of `--json` and `report.json`; steps of very many spans are left out of it.
    public func json() throws -> String {
        var report = self
        report.medianStep = medianStep.flatMap { $0.isLarge ? nil : $0 }
        report.idealStep = idealStep.flatMap { $0.isLarge ? nil : $0 }
        if let path = criticalPath, path.segments.count > MedianStep.writtenSpans { report.criticalPath?.segments = [] }
        return try JSONForm.text(report)
    }

    /// Reads what `json()` wrote; throws `RunError.malformed` for other text.
    public init(json: String) throws {
        do {
            self = try JSONForm.decode(BubbleReport.self, from: Data(json.utf8))
        } catch let error as DecodingError {
            throw RunError.malformed(file: "report", expected: "a bubble report", got: error.summary)
        }
    }
}

extension BubbleReport.RankReport {
    /// What a category took on this rank; nil only in a report read from JSON that lacks it.
    public subscript(_ cause: Category) -> BubbleReport.CauseReport? { causes.first { $0.cause == cause } }
    /// Milliseconds of one micro-batch through all of the rank's stages.
    var microBatchMs: Double { work.reduce(0) { $0 + $1.totalMs } }
}

extension BubbleReport.Spread {
    /// Interpolated between the nearest two values; zeros of none.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        func quantile(_ share: Double) -> Double {
            guard let last = sorted.last else { return 0 }
            let place = share * Double(sorted.count - 1)
            let low = Int(place)
            guard low + 1 < sorted.count else { return last }
            return sorted[low] + (sorted[low + 1] - sorted[low]) * (place - Double(low))
        }
        self.init(p50: quantile(0.5), p95: quantile(0.95))
    }
}

extension KeyedDecodingContainer {
    /// A report that was written before it held what-ifs has none.
    func decode(_ type: [WhatIf].Type, forKey key: Key) throws -> [WhatIf] {
        try decodeIfPresent(type, forKey: key) ?? []
    }
}
