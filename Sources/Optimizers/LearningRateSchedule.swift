import Notation

/// The learning rate of each step of a run: linear warm-up, then a decay.
///
/// With steps k = 0, 1, …, f = `warmup_from`, the peak at k₀ = max(warmup − f, 0), the end at e = steps − f, and the n last
/// steps in which the decay falls (e − k₀, but for `wsd`):
///
///     k < warmup     lr · (k + f) / warmup
///     after          what the decay makes of lr, minimum and x = (k − (e − n)) / n, from 0 to 1
///
/// With f = 1, the full rate is reached at step `warmup`, counted from 1, and the minimum at the last step. With f = 0 these
/// are the formulas of Hugging Face's `get_constant_schedule_with_warmup`, `get_linear_schedule_with_warmup`,
/// `get_cosine_with_min_lr_schedule_with_warmup` and `get_wsd_schedule` (transformers, `optimization.py`): the first step of a
/// warm-up has the rate 0, and the minimum comes one step after the last.
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
        if step < course.warmup { return peak * Double(step + course.warmupFrom) / Double(course.warmup) }
        return course.decay.rate(from: peak, to: course.minimum, progress: progress(step))
    }

    /// 0 until the decay begins, 1 from its end on.
    private func progress(_ step: Int) -> Double {
        let top = max(course.warmup - course.warmupFrom, 0)
        let end = steps - course.warmupFrom
        if step >= end { return end > top || step > top ? 1 : 0 }
        let all = end - top
        let falling = min(max(course.decay.steps(behindPeak: all, of: steps), 1), all)
        return Double(max(0, step - (end - falling))) / Double(falling)
    }
}
