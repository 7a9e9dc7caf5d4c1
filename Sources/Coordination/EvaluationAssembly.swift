import Manifests
package import Planning
package import Runs
import Scheduling

/// Puts the ranks' parts of each evaluation together, and knows the best. Pure: told what arrived, it says what follows.
package struct EvaluationAssembly {
    private let rankCount: Int
    private let placement: Placement
    private let lanes: Int
    private let samples: Int
    private let keepsBest: Bool
    private var parts: [Int: WorkerMessage.EvaluationPart] = [:]
    private var written: [Int: Int] = [:]
    /// The evaluation with the lowest loss so far; of several, the first.
    package var best: EvaluationMetrics? { bests.last }
    /// Each was the best for a while; the newest few.
    private var bests: [EvaluationMetrics] = []

    /// nil where the run evaluates nothing.
    package init?(_ plan: TrainingPlan) {
        guard let evaluation = plan.manifest.evaluation, let samples = evaluation.samples else { return nil }
        rankCount = plan.placement.rankCount
        (placement, lanes) = (plan.placement, plan.lanesPerReplica)
        self.samples = samples
        keepsBest = evaluation.keepsBest
    }

    /// - Returns: the evaluation's figures, once the last rank's part is there.
    package mutating func add(_ part: WorkerMessage.EvaluationPart, rank: Int) -> EvaluationMetrics? {
        parts[rank] = part
        guard parts.count == rankCount else { return nil }
        defer { parts = [:] }
        let sum = placement.lossSum(parts.mapValues(\.lossSums), lanes: lanes)
        let count = parts.values.lazy.compactMap(\.targetCount).first ?? 0
        var metrics = EvaluationMetrics(
            step: part.step, loss: sum.map { count == 0 ? .nan : $0 / Double(count) } ?? .nan, tokens: count,
            samples: samples, seconds: Double(parts.values.map(\.nanoseconds).max() ?? 0) / 1e9, isBest: false)
        metrics.isBest = metrics.loss.isFinite && best.map { metrics.loss < $0.loss } ?? true
        if metrics.isBest { bests = bests.suffix(15) + [metrics] }
        return metrics
    }

    /// The best of those behind a step and before it.
    package func best(upTo step: Int) -> EvaluationMetrics? { bests.last { $0.step <= step } }

    /// Of a run that goes on: the best so far.
    package mutating func goOn(from best: EvaluationMetrics) { bests = [best] }

    /// Whether the weights are to be written: those that the run began with are not.
    package func keepsWeights(of metrics: EvaluationMetrics) -> Bool { keepsBest && metrics.isBest && metrics.step > 0 }

    /// - Returns: the bytes that all ranks wrote of the best weights, once the last one has.
    package mutating func add(written bytes: Int, rank: Int) -> Int? {
        written[rank] = bytes
        guard written.count == rankCount else { return nil }
        defer { written = [:] }
        return written.values.reduce(0, +)
    }
}
