import Foundation
import Runs

/// Where a run's time went, stage by stage and cause by cause; the value behind the terminal report and `--json`.
public struct BubbleReport: Codable, Hashable, Sendable {
    public var version = 1
    public var name: String
    public var schedule: String
    public var stages: Int
    public var microBatches: Int
    public var startedAt: String
    /// Step numbers of the first and last step that count, and how many count.
    public var firstStep: Int
    public var lastStep: Int
    public var steps: Int
    /// How many steps the run has finished, where those that count are a sample of them; else nil.
    public var finishedSteps: Int?
    /// Finished steps before those, left out because caches were cold.
    public var skipped: Int
    public var headline: Headline
    public var bubble: Bubble
    public var stepMs: Spread
    public var tokensPerS: Double
    /// Tokens (or samples) of one global batch.
    public var tokensPerStep: Int?
    /// 0 where the model's FLOPs are unknown.
    public var flopsPerS: Double
    public var peakFlops: Double?
    /// Indexed by rank.
    public var ranks: [RankReport]
    /// All ranks together.
    public var causes: [CauseReport]
    public var links: [LinkReport]
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
        public var p50: Double
        public var p95: Double
    }

    /// Idle time over two denominators.
    public struct Ratio: Codable, Hashable, Sendable {
        /// Idle over wall.
        public var fraction: Double
        /// Idle over forward and backward.
        public var overhead: Double
    }

    public struct Bubble: Codable, Hashable, Sendable {
        public var measured: Ratio
        /// The schedule run with each stage's median times, free messages, nothing else in the way.
        public var predicted: Ratio
        /// The closed form where the schedule has one, else the schedule run with equal stages.
        public var ideal: Ratio
        /// True where `ideal` is (p−1)/(m+p−1) and (p−1)/m.
        public var idealIsClosedForm: Bool
    }

    public struct CauseReport: Codable, Hashable, Sendable {
        public var cause: Category
        /// Per step, milliseconds.
        public var ms: Spread
        /// Of wall, 0…1.
        public var share: Double
    }

    public struct RankReport: Codable, Hashable, Sendable {
        public var rank: Int
        public var stages: [Int]
        public var device: String
        public var host: String
        /// Per step, milliseconds.
        public var wallMs: Spread
        public var causes: [CauseReport]
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
        public var step: Int
        public var excessMs: Double
    }

    /// Median milliseconds of one micro-batch through one stage.
    public struct StageWork: Codable, Hashable, Sendable {
        public var stage: Int
        public var layers: Int
        public var forwardMs: Double
        /// Both halves where the schedule splits them.
        public var backwardMs: Double
        public var totalMs: Double { forwardMs + backwardMs }
    }

    public struct LinkReport: Codable, Hashable, Sendable {
        public var from: Int
        public var to: Int
        public var messagesPerStep: Double
        public var bytesPerStep: Double
        /// Averaged over the whole time.
        public var mbPerS: Double
        /// From handing over to arrival, of messages that were waited for.
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
        public var sentence: String
        public var fix: String?
    }

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

    public init(json: String) throws {
        do {
            self = try JSONForm.decode(BubbleReport.self, from: Data(json.utf8))
        } catch let error as DecodingError {
            throw RunError.malformed(file: "report", expected: "a bubble report", got: error.summary)
        }
    }
}

extension BubbleReport.RankReport {
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
