package import Runs

/// The losses of a run's steps and of its evaluations, for a curve: of a long run neighbouring steps count together, so
/// that a run of any length takes the same memory.
public struct LossCurve: Hashable, Sendable {
    /// Steps that count together.
    package struct Bucket: Hashable, Sendable {
        /// Counted from 1.
        package var first: Int
        package var last: Int
        var count = 1
        /// Of their losses.
        package var mean: Double
        package var least: Double
        package var largest: Double

        fileprivate mutating func add(_ other: Bucket) {
            last = other.last
            let all = count + other.count
            mean += (other.mean - mean) * (Double(other.count) / Double(all))
            count = all
            (least, largest) = (min(least, other.least), max(largest, other.largest))
        }
    }

    /// Rising.
    package private(set) var buckets: [Bucket] = []
    /// How many steps count together.
    package private(set) var width = 1
    /// In the order of their steps.
    package private(set) var evaluations: [EvaluationMetrics] = []
    package static let bucketLimit = 600
    package static let evaluationLimit = 400
    /// Beyond these a drawing shows nothing, and differences of those within them fit.
    private static let lossLimit = 1e30

    /// Without any loss.
    public init() {}

    package var isEmpty: Bool { buckets.isEmpty && evaluations.isEmpty }
    /// The evaluation with the least loss; of equal ones the first.
    package var best: EvaluationMetrics? { evaluations.min { $0.loss < $1.loss } }

    /// A step that is no later than the last one was done again, by an attempt that began where another had been saved:
    /// what the earlier one left from there on is void.
    package mutating func add(step: Int, loss: Double) {
        guard step >= 1, loss.magnitude <= Self.lossLimit else { return }
        while let last = buckets.last, last.last >= step { buckets.removeLast() }
        append(Bucket(first: step, last: step, mean: loss, least: loss, largest: loss))
        while buckets.count > Self.bucketLimit { thin() }
    }

    mutating func forgetSteps() { (buckets, width) = ([], 1) }
    mutating func forgetEvaluations() { evaluations = [] }

    private mutating func append(_ bucket: Bucket) {
        if let last = buckets.last, (last.first - 1) / width == (bucket.first - 1) / width {
            buckets[buckets.count - 1].add(bucket)
        } else {
            buckets.append(bucket)
        }
    }

    private mutating func thin() {
        let (doubled, overflow) = width.multipliedReportingOverflow(by: 2)
        width = overflow ? .max : doubled
        let all = buckets
        buckets = []
        for bucket in all { append(bucket) }
    }

    /// Of very many evaluations the best one and every second other one stay.
    package mutating func add(_ point: EvaluationMetrics) {
        guard point.step >= 0, point.loss.magnitude <= Self.lossLimit else { return }
        while let last = evaluations.last, last.step >= point.step { evaluations.removeLast() }
        evaluations.append(point)
        guard evaluations.count > Self.evaluationLimit else { return }
        let best = best
        evaluations = evaluations.enumerated().filter { $0 % 2 == 0 || $1 == best }.map(\.element)
    }
}

/// Keeps the curve of a run while it goes on.
package struct LossFollower {
    package private(set) var curve = LossCurve()
    private var steps: LineTail
    private var evaluations: LineTail

    package init(_ directory: RunDirectory) {
        steps = LineTail(directory.metricsPath)
        evaluations = LineTail(directory.evaluationsPath)
    }

    /// Reads what the run wrote since the last call: of a long run a piece at a time.
    /// - Returns: whether there was anything.
    package mutating func refresh() -> Bool {
        let before = curve
        let (steps, evaluations) = (steps.read(), evaluations.read())
        if steps.isNew { curve.forgetSteps() }
        if evaluations.isNew { curve.forgetEvaluations() }
        for line in steps.lines {
            if let (step, loss) = Self.loss(line) { curve.add(step: step, loss: loss) }
        }
        for line in evaluations.lines {
            if let point = EvaluationMetrics(line: line) { curve.add(point) }
        }
        return curve != before
    }

    /// A step's line begins `{"step":12,"loss":2.5,`: a million lines are read by that, the whole object would take a minute.
    private static func loss(_ line: ArraySlice<UInt8>) -> (Int, Double)? {
        let fields = String(decoding: line.prefix(100), as: UTF8.self).split(separator: ",", maxSplits: 2)
        guard fields.count == 3, let step = number(fields[0], "{\"step\":"), let loss = number(fields[1], "\"loss\":"),
            let step = Int(step), let loss = Double(loss)
        else { return nil }
        return (step, loss)
    }

    private static func number(_ field: Substring, _ key: String) -> Substring? {
        field.hasPrefix(key) ? field.dropFirst(key.count) : nil
    }
}
