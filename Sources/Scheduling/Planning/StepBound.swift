import Partitioning

/// A lower bound of a schedule's step time: with given cuts, or over all cuts where each rank owns one stage.
///
/// Lower bound per stage: fill + own work + unavoidable turnaround + drain. Fill is the first micro-batch's way through the
/// stages before; turnaround is one micro-batch's way through the stages behind and back, which either the work up to the
/// last forward or the work from the first backward on has to wait for; drain is the last micro-batch's way back. A rank
/// that owns several stages does the work of them all. A dynamic programme finds the cuts whose largest bound is smallest; no
/// cuts take less.
struct StepBound {
    private let model: StepModel
    private let stages: [Passes]
    /// Whether any stage runs I.
    private let isSplit: Bool

    /// How often a stage runs what, in a step.
    private struct Passes {
        var forward = 0.0
        /// B and I: either sends a gradient back.
        var backward = 0.0
        var backwardInput = 0.0
        var backwardWeight = 0.0
        /// Of these, what runs before the first B or I, and behind the last forward.
        var forwardFirst = 0.0
        var backwardLast = 0.0
        var backwardInputLast = 0.0

        mutating func count(_ pass: Pass) {
            switch pass {
            case .forward:
                forward += 1
                if backward + backwardInput == 0 { forwardFirst += 1 }
                (backwardLast, backwardInputLast) = (0, 0)
            case .backward:
                backward += 1
                backwardLast += 1
            case .backwardInput:
                backwardInput += 1
                backwardInputLast += 1
            case .backwardWeight: backwardWeight += 1
            }
        }
    }

    init(_ model: StepModel) {
        self.model = model
        stages = model.schedule.ranks.joined().reduce(
            into: [Passes](repeating: Passes(), count: model.stageCount)
        ) { $0[$1.stage].count($1.pass) }
        isSplit = model.splitsBackward.contains(true)
    }

    /// No step with these cuts takes less, in seconds from one step to the next, but for rounding. Costs O(stages).
    func seconds(cuts: [Int]) -> Double {
        var work = [Double](repeating: 0, count: model.schedule.rankCount)
        var longest = 0.0
        for (stage, layers) in model.stages(cuts).enumerated() {
            longest = max(longest, bound(stage, layers))
            let (time, passes) = (model.sums.time(layers), stages[stage])
            work[model.schedule.rankOfStage[stage]] +=
                passes.forward * time.forward + back(passes.backward, passes.backwardInput, time)
                + passes.backwardWeight * time.backwardWeight + model.sums.update(layers)
        }
        return max(longest, (work.max() ?? 0) + (model.barrier ?? 0))
    }

    /// The bound in seconds from one step to the next, and the cuts that reach it if stages wait for nothing else; nil
    /// where no cuts fit memory.
    func least() -> (seconds: Double, cuts: [Int])? {
        let table = CutTable(layers: model.sums.layerCount, stages: model.stageCount)
        let best = table.leastMaximum(cost: { model.fits($0, $1) ? bound($0, $1) : .infinity }) { stage, layers in
            let (time, passes) = (model.sums.time(layers), stages[stage])
            return passes.forward * time.forward + back(passes.backward, passes.backwardInput, time)
                + passes.backwardWeight * time.backwardWeight
        }
        return best.map { ($0.price, $0.cuts) }
    }

    /// The lower bound of this stage, in seconds.
    private func bound(_ stage: Int, _ layers: Range<Int>) -> Double {
        let (time, passes) = (model.sums.time(layers), stages[stage])
        let (before, behind) = (0..<layers.lowerBound, layers.upperBound..<model.sums.layerCount)
        let transfers = model.latencyBefore[stage]
        let others = model.latencyBefore[model.stageCount - 1] - transfers
        let filling = model.sums.time(before).forward + transfers
        let draining = back(model.sums.time(before)) + transfers
        let turnaround = model.sums.time(behind).forward + back(model.sums.time(behind)) + 2 * others
        let backward = back(passes.backward, passes.backwardInput, time)
        let whole = passes.forward * time.forward + backward
        let fromFirstBackward = time.forward + turnaround + whole - passes.forwardFirst * time.forward
        let untilLastForward =
            whole - back(passes.backwardLast, passes.backwardInputLast, time) + turnaround + back(time)
        // From its first forward to its last B or I; W may follow.
        let turned = max(whole, fromFirstBackward, untilLastForward)
        let rest = passes.backwardWeight * time.backwardWeight
        let update = model.sums.update(layers)
        guard let barrier = model.barrier else { return max(filling + turned + draining, whole + rest + update) }
        return filling + max(turned + draining, whole + rest) + barrier + update
    }

    /// Seconds of so many B and I.
    private func back(_ backward: Double, _ backwardInput: Double, _ time: StageTimes.Stage) -> Double {
        backward * time.backward + backwardInput * time.backwardInput
    }

    /// Seconds of the shorter of both.
    private func back(_ time: StageTimes.Stage) -> Double {
        isSplit ? min(time.backward, time.backwardInput) : time.backward
    }
}
