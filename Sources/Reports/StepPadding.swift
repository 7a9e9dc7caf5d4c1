package import Runs

/// What the steps of a run whose samples differ in length computed for nothing: positions that hold no token.
public struct StepPadding: Hashable, Sendable {
    private struct Step: Hashable {
        /// Without padding.
        var tokens: Int
        /// Of the computed positions.
        var share: Double
    }

    /// By step, counted from 0.
    private var steps: [Int: Step] = [:]

    /// Of a run whose samples have one length.
    public init() {}

    /// Takes a step's figures; those that cannot be are passed over.
    package mutating func add(_ metrics: StepMetrics) {
        guard metrics.step >= 1, let share = metrics.padding, (0..<1).contains(share), metrics.tokens >= 0 else {
            return
        }
        steps[metrics.step - 1] = Step(tokens: metrics.tokens, share: share)
    }

    mutating func forget(before step: Int) { steps = steps.filter { $0.key >= step } }

    /// The share of a step's positions that hold no token; 0 where that is not known.
    subscript(step: Int) -> Double { steps[step]?.share ?? 0 }

    /// Of some steps together: their share of positions without a token, and the tokens of one; nil where of none is
    /// known.
    private func mean(_ wanted: [Int]) -> (share: Double, tokens: Double)? {
        let known = wanted.compactMap { steps[$0] }
        guard !known.isEmpty else { return nil }
        let tokens = known.reduce(0) { $0 + Double($1.tokens) }
        let positions = known.reduce(0) { $0 + Double($1.tokens) / (1 - $1.share) }
        return (positions > 0 ? 1 - tokens / positions : 0, tokens / Double(known.count))
    }

    /// The run as those steps were: a token's FLOPs hold what is spent on padding beside it.
    func applied(to description: RunDescription, steps wanted: [Int]) -> RunDescription {
        guard let mean = mean(wanted) else { return description }
        var description = description
        description.tokensPerStep = Int(mean.tokens.rounded())
        description.flopsPerToken /= max(1 - mean.share, .leastNormalMagnitude)
        return description
    }

    /// The share of those steps' positions that hold no token.
    func share(_ wanted: [Int]) -> Double { mean(wanted)?.share ?? 0 }
}
