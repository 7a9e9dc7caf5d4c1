import Manifests
import Models
import Optimizers
package import Planning
package import Runs
import Scheduling
import Systems

/// What the coordinator knows of steps whose loss or gradients were not finite. Pure: told what arrived, it says how the
/// run ended.
package struct Divergence {
    /// The step that ended the run, from 0.
    private var step: Int?
    private var first: NonFiniteTensor?
    private var steps = 0
    private var skipped = 0

    package init() {}

    /// A rank computed the step that ended the run once more.
    package mutating func add(step: Int, _ tensor: NonFiniteTensor?) {
        self.step = step
        guard let tensor else { return }
        if first.map({ tensor.precedes($0) }) ?? true { first = tensor }
    }

    package mutating func finished(_ metrics: StepMetrics) {
        steps += 1
        if metrics.isSkipped { skipped += 1 }
    }

    /// `12 of 400 steps were skipped: …`; nil where none was.
    package var skippedText: String? {
        skipped == 0 ? nil : "\(skipped) of \(steps) steps were skipped: a gradient was not finite"
    }

    /// The step that ended the attempt, from 0, where training on other data may help: not where it was given weights that
    /// are not finite.
    package var leavableStep: Int? { first?.role == .weight && step == 0 ? nil : step }

    /// `step 8 is not finite: the output of layer 3 …`; nil where all were.
    package func text(_ plan: TrainingPlan) -> String? {
        step.map { "step \($0 + 1) is not finite: \(cause(plan))" }
    }

    /// Why the run has not trained what it should; nil where it has.
    package func failure(_ plan: TrainingPlan, directory: RunDirectory) -> RunFailure? {
        let weights = "\(directory.weightsPath) holds the weights "
        guard let step else {
            guard steps > 0, skipped == steps else { return nil }
            return RunFailure(
                .diverged,
                "every one of \(steps) steps was skipped, since a gradient was not finite: \(weights)it began with. "
                    + advice(plan))
        }
        let kept = step == 0 ? "it began with" : "of step \(step)"
        return RunFailure(
            .diverged,
            "\(text(plan) ?? ""). The step was not applied; \(weights)\(kept). "
                + advice(plan))
    }

    private func cause(_ plan: TrainingPlan) -> String {
        guard let first, let text = first.description(in: plan.model),
            let stage = plan.layout.stages.first(where: { $0.nodes.contains(first.node) })
        else {
            return "the sum of its squared gradients overflows, though every tensor is finite when computed once more"
        }
        let rank = plan.placement.rank(ofStage: stage.index)
        return "\(text), on stage \(stage.index) (worker \(rank)); all that it follows from is finite"
    }

    private func advice(_ plan: TrainingPlan) -> String {
        if first?.role == .input { return "Look for NaN or infinity in the data" }
        if first?.role == .weight, step == 0 { return "Start from other weights" }
        var hints = ["a lower learning rate"]
        if plan.clipping == nil { hints.append("`clip: 1.0`") }
        if plan.manifest.learningRate.warmup == 0 { hints.append("`learning_rate: {warmup: 100}`") }
        if case .f16 = plan.manifest.precision {
            hints += ["`precision: bf16`", "a smaller `min_loss_scale`"]
        }
        if case .f16 = plan.manifest.precision {
        } else if plan.manifest.onNaN == .stop {
            hints.append("`on_nan: skip` to leave such steps out")
        }
        return "Try " + hints.joined(separator: ", ")
    }
}
