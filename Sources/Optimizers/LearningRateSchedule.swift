import Notation

/// The learning rate of each step of a run: linear warm-up, then a decay.
///
/// With steps k = 0, 1, … and the peak at k₀ = max(warmup − 1, 0):
///
///     k < warmup    lr · (k + 1) / warmup
///     after         what the decay makes of lr, minimum and x = (k − k₀) / (steps − 1 − k₀), at most 1
///
/// so the full rate is reached at k₀, and the minimum at the last step and after it.
public struct LearningRateSchedule: Sendable {
    /// The optimizer's rate.
    public let peak: Double
    /// Warm-up, decay and minimum.
    public let course: LearningRate
    /// Steps of the whole run: at least 1.
    public let steps: Int

    /// Throws when a value is out of its limits, there is no step, or the minimum exceeds the rate it is reached from.
    public init(peak: Double, _ course: LearningRate = LearningRate(), steps: Int) throws(OptimizerError) {
        if let complaint = course.complaint { throw OptimizerError("learning_rate", complaint) }
        guard peak.isFinite, peak > 0 else {
            throw OptimizerError(setting: "lr", expected: "a number above 0", got: "\(peak)")
        }
        guard steps >= 1 else { throw OptimizerError(setting: "steps", expected: "at least 1", got: "\(steps)") }
        guard !course.decay.reachesMinimum || course.minimum <= peak else {
            throw OptimizerError(
                setting: "learning_rate.minimum", expected: "at most the learning rate, \(peak)",
                got: "\(course.minimum)")
        }
        self.peak = peak
        self.course = course
        self.steps = steps
    }

    /// The rate of a step, counted from 0.
    public func rate(step: Int) -> Double {
        precondition(step >= 0, "steps count from 0, not \(step)")
        if step < course.warmup { return peak * (Double(step) + 1) / Double(course.warmup) }
        return course.decay.rate(from: peak, to: course.minimum, progress: progress(step))
    }

    /// 0 at the peak, 1 from the last step on.
    private func progress(_ step: Int) -> Double {
        let top = max(course.warmup - 1, 0)
        if step >= steps - 1 { return steps - 1 > top || step > top ? 1 : 0 }
        return Double(step - top) / Double(steps - 1 - top)
    }
}
