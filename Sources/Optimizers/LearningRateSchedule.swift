internal import Foundation

/// How the learning rate moves over the steps: linear warm-up, then constant, linear or cosine decay.
///
/// With steps k = 0, 1, … and the peak at k₀ = max(warmup − 1, 0):
///
///     k < warmup    lr · (k + 1) / warmup
///     after         constant: lr    linear: lr + (minimum − lr) · x    cosine: minimum + (lr − minimum) · (1 + cos πx) / 2
///                   where x = (k − k₀) / (steps − 1 − k₀), at most 1
///
/// so the full rate is reached at k₀, and the minimum at the last step and after it.
public struct LearningRateSchedule: Hashable, Sendable {
    public enum Decay: String, Hashable, Sendable, CaseIterable { case constant, linear, cosine }

    public let learningRate: Double
    public let warmup: Int
    public let decay: Decay
    public let minimum: Double
    public let steps: Int

    /// Throws when a value is negative, there is no step, or the minimum exceeds the rate it decays from.
    public init(
        learningRate: Double, warmup: Int = 0, decay: Decay = .constant, minimum: Double = 0, steps: Int
    ) throws(OptimizerError) {
        try requireNonNegative(learningRate, "lr")
        try requireNonNegative(minimum, "learning_rate.minimum")
        guard warmup >= 0 else {
            throw OptimizerError(setting: "learning_rate.warmup", expected: "at least 0 steps", got: "\(warmup)")
        }
        guard steps >= 1 else { throw OptimizerError(setting: "steps", expected: "at least 1", got: "\(steps)") }
        guard decay == .constant || minimum <= learningRate else {
            throw OptimizerError(
                setting: "learning_rate.minimum", expected: "at most the learning rate, \(learningRate)",
                got: "\(minimum)")
        }
        self.learningRate = learningRate
        self.warmup = warmup
        self.decay = decay
        self.minimum = minimum
        self.steps = steps
    }

    /// The rate of a step, counted from 0.
    public func rate(step: Int) -> Double {
        precondition(step >= 0, "steps count from 0, not \(step)")
        if step < warmup { return learningRate * (Double(step) + 1) / Double(warmup) }
        switch decay {
        case .constant: return learningRate
        case .linear: return learningRate + (minimum - learningRate) * progress(step)
        case .cosine: return minimum + (learningRate - minimum) * (1 + cos(.pi * progress(step))) / 2
        }
    }

    /// 0 at the peak, 1 from the last step on.
    private func progress(_ step: Int) -> Double {
        let peak = max(warmup - 1, 0)
        if step >= steps - 1 { return steps - 1 > peak || step > peak ? 1 : 0 }
        return Double(step - peak) / Double(steps - 1 - peak)
    }
}
