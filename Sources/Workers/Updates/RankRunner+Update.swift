import Manifests
import Optimizers
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors

/// The end of a step: whether the parameters move, and their update.
extension RankRunner {
    /// What becomes of a step's gradients.
    enum Decision: Equatable {
        /// Every gradient is multiplied with `scale` (clipping over loss scale) and applied.
        case move(scale: Float)
        /// A gradient overflowed, or `on_nan: skip`: the parameters stay.
        case skip
        case stop
    }

    /// The same on all ranks: nothing moves before it is known that the gradients of all ranks, and the loss, are finite.
    func decide(step: Int, lossSums: [Double]) throws -> Decision {
        let mayGuess = try mayGuess(step: step)
        let squares = recorder.work(.optimizer) { gradientSquares() }
        // A simulated device's numbers mean nothing.
        let isFinite = !backend.computes || (squares + lossSums).allSatisfy(\.isFinite)
        let start = MonotonicClock.now
        port.tell(.gradientSquares(step: step, squares: squares, isFinite: isFinite))
        switch plan.gate {
        case .sum where mayGuess: return guess(step: step)
        case .sum:
            let total = try port.awaitGradientSquares(step: step)
            recorder.waited(.gradientSync, since: start)
            let scale = Float(scaler?.scale ?? 1)
            let decision = decide(squares: total)
            speculation?.isLikely = decision == .move(scale: 1 / scale)
            return decision
        case .all where plan.placement.rankCount > 1:
            let areOthersFinite = try port.awaitOthers(step: step)
            recorder.waited(.gradientSync, since: start)
            return isFinite && areOthersFinite ? move() : decideNotFinite()
        case .own where plan.placement.rankCount > 1 && !isFinite:
            guard try port.awaitOthers(step: step) else { return .stop }
            throw RunFailure(
                .diverged,
                "the gradients of step \(step + 1) are not finite on this worker, while others moved their parameters "
                    + "by theirs: no weights were kept. With `clip` or `on_nan: skip` all wait for each other")
        case .own, .all, nil:
            recorder.waited(.report, since: start)
            return isFinite ? move() : decideNotFinite()
        }
    }

    /// Of each node; of several replicas, of each block that this one adds up, in the model's order.
    private func gradientSquares() -> [Double] {
        plan.placement.stages(of: rank).flatMap { stage -> [Double] in
            guard let executor = executors[stage] else { return [] }
            guard let blocks = replicas?.countedBlocks[stage] else { return executor.gradientSquares() }
            return executor.gradientSquares(of: blocks)
        }
    }

    private func move(scale: Float = 1) -> Decision {
        skippedInRow = 0
        return .move(scale: scale)
    }

    /// What becomes of gradients with this sum of squares.
    func decide(squares: Double) -> Decision {
        let lossScale = scaler?.scale ?? 1
        if scaler != nil {
            do {
                try scaler?.update(overflow: !squares.isFinite)
            } catch {
                return .stop
            }
            guard squares.isFinite else { return .skip }
        }
        guard squares.isFinite else { return decideNotFinite() }
        let clip = plan.clipping?.factor(norm: squares.squareRoot() / lossScale) ?? 1
        return move(scale: clip / Float(lossScale))
    }

    /// `on_nan`; so many steps in a row without a finite gradient will not be followed by a good one.
    private func decideNotFinite() -> Decision {
        skippedInRow += 1
        return plan.manifest.onNaN == .skip && skippedInRow < 100 ? .skip : .stop
    }

    func update(step: Int, learningRate: Double, gradientScale: Float) throws {
        // Weights of the step before may still be on their way.
        try replicas?.settleWeights()
        recorder.work(.optimizer) {
            for stage in plan.placement.stages(of: rank) {
                parameters[stage]?.update(
                    learningRate: learningRate, gradientScale: gradientScale,
                    mayBeTakenBack: speculation?.guess != nil)
            }
            backend.synchronise()
        }
        try replicas?.handOutWeights(recorder: &recorder)
    }
}
