public import Runs

/// The line of an evaluation, among a run's progress lines.
///
/// `step 20/200  held-out loss 0.5123  perplexity 1.67  (200 samples, 3.1 s)`
public struct EvaluationLine: Hashable, Sendable {
    /// What was found.
    public var metrics: EvaluationMetrics
    /// Steps of the whole run.
    public var steps: Int

    /// A line for one evaluation.
    public init(_ metrics: EvaluationMetrics, of steps: Int) {
        self.metrics = metrics
        self.steps = steps
    }

    /// Without a line end.
    public var plain: String {
        "step \(metrics.step)/\(steps)  held-out " + Self.figures(metrics)
            + (metrics.isBest && metrics.step > 0 ? "  best" : "")
    }

    /// `loss 0.5123  perplexity 1.67  (200 samples, 3.1 s)`
    package static func figures(_ metrics: EvaluationMetrics) -> String {
        let samples = "\(Format.grouped(Double(metrics.samples))) \(metrics.samples == 1 ? "sample" : "samples")"
        return "loss \(metrics.lossText)  perplexity \(perplexity(metrics.perplexity))  "
            + "(\(samples), \(Format.fixed(metrics.seconds, 1)) s)"
    }

    /// Three digits that matter at least: `1.67`, `5,388`
    private static func perplexity(_ value: Double) -> String {
        value < 999.5 ? Format.fixed(value, 2) : Format.grouped(value)
    }
}

extension EvaluationMetrics {
    /// The loss as people read it.
    package var lossText: String { Format.fixed(loss, 4) }
}
