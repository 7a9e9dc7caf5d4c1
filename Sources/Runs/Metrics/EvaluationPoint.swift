import Foundation

/// What an evaluation on held-out data found: of a line of `evaluations.jsonl` what a curve needs.
package struct EvaluationPoint: Codable, Hashable, Sendable {
    /// Steps that were done when it was made.
    package var step: Int
    /// Mean over all targets, in nats.
    package var loss: Double
    /// e to the power of the loss.
    package var perplexity: Double?

    package init(step: Int, loss: Double, perplexity: Double? = nil) {
        self.step = step
        self.loss = loss
        self.perplexity = perplexity
    }

    /// - Returns: nil for a line that is no evaluation, or one whose loss was no number.
    package init?(line: some Collection<UInt8>) {
        guard let point = try? JSONDecoder().decode(EvaluationPoint.self, from: Data(line)) else { return nil }
        self = point
    }
}

extension RunDirectory {
    /// The file of the evaluations, a line of JSON for each.
    package var evaluationsPath: String { path + "/evaluations.jsonl" }
    /// The same figures as in `metrics.jsonl`, as a table.
    package var tablePath: String { path + "/metrics.csv" }
    /// The folder of TensorBoard's event files.
    package var tensorBoardPath: String { path + "/tensorboard" }
}
