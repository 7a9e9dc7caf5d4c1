import Optimizers
import Planning
import Runs
import Scheduling

/// How a rank goes on before it knows the norm of a step's gradients: as if they were not clipped, and had not overflowed.
///
/// With weights that were moved so it computes the next step's head start. Where the norm then says otherwise, the update is
/// taken back and made as it should have been, and the head start computed once more. All ranks do the same, since all
/// decide by the same numbers; and nothing of a head start has added to gradients.
struct Speculation {
    /// Operations at the beginning of the rank's program that may have to be done once more.
    let headStart: Int
    /// What others send in their head starts and this rank has not taken in its own.
    let leftOver: [Message]
    /// Whether the last step went as is guessed of the next.
    var isLikely = true
    /// Whether the head start is computed once more.
    var isRepeating = false
    /// What is not known yet to be right.
    var guess: Guess?

    /// How a step was decided, and all that a decision changes as it was before.
    struct Guess {
        var step: Int
        var decision: RankRunner.Decision
        var scaler: LossScaler?
        var skippedInRow: Int
        /// The step's report, which waits too; nil: the step has not ended.
        var part: WorkerMessage.StepPart?
    }

    /// nil where the plan has none.
    init?(_ plan: TrainingPlan, rank: Int) {
        guard plan.speculates else { return nil }
        let position = plan.placement.position(of: rank)
        let all = HeadStart(plan.lowered.ranks)
        (headStart, leftOver) = (all.operations[position], all.leftOver[position])
    }
}
