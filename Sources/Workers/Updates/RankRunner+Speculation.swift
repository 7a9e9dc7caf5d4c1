import Manifests
import Optimizers
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors

/// Updates before their answer: see `Speculation`.
extension RankRunner {
    /// Whether the update of a step, counted from 0, may be guessed: the last one went so, and behind the step all go on at once.
    func mayGuess(step: Int) throws -> Bool {
        guard let speculation, speculation.isLikely else { return false }
        let word = try port.foresee(behind: step + 1)
        let evaluates = plan.manifest.evaluation?.isDue(behind: step + 1, of: plan.manifest.steps) ?? false
        return word.folder == nil && !word.ends && !word.moves && !evaluates
    }

    /// - Returns: what becomes of small gradients.
    func guess(step: Int) -> Decision {
        let (scaler, skippedInRow) = (scaler, skippedInRow)
        let decision = decide(squares: 0)
        speculation?.guess = .init(step: step, decision: decision, scaler: scaler, skippedInRow: skippedInRow)
        return decision
    }

    /// Waits for the answer to the last step's gradients, before anything adds to new ones.
    /// - Parameters:
    ///   - step: the one that has begun, whose head start is done.
    ///   - start: when it began.
    /// - Returns: whether the run goes on.
    func settle(in step: Int, since start: UInt64) throws -> Bool {
        guard let guess = speculation?.guess else { return true }
        let arrival = MonotonicClock.now
        let total = try port.awaitGradientSquares(step: guess.step)
        recorder.waited(.gradientSync, since: arrival)
        (scaler, skippedInRow) = (guess.scaler, guess.skippedInRow)
        let decision = decide(squares: total)
        speculation?.guess = nil
        speculation?.isLikely = decision == guess.decision
        if decision != guess.decision {
            recorder.takeBack(since: start)
            try correct(guess, decision)
            for message in speculation?.leftOver ?? [] { try passOver(message, step: step) }
        }
        guard decision != .stop else {
            undoStep(guess)
            return false
        }
        zeroGradients()
        if var part = guess.part {
            part.isSkipped = decision == .skip
            port.tell(.step(part))
        }
        if decision != guess.decision { try repeatHeadStart(step: step) }
        return true
    }

    /// The parameters as they would be if nothing had been guessed.
    private func correct(_ guess: Speculation.Guess, _ decision: Decision) throws {
        recorder.work(.optimizer) {
            for stage in plan.placement.stages(of: rank) { parameters[stage]?.takeBack() }
            backend.synchronise()
        }
        guard case .move(let scale) = decision else { return }
        try update(step: guess.step, learningRate: plan.learningRate.rate(step: guess.step), gradientScale: scale)
    }

    private func repeatHeadStart(step: Int) throws {
        setLossScale(scaler)
        speculation?.isRepeating = true
        defer { speculation?.isRepeating = false }
        for index in 0..<(speculation?.headStart ?? 0) { try perform(index, step: step) }
    }

    /// The run ends with that step, which is looked at once more.
    private func undoStep(_ guess: Speculation.Guess) {
        done = guess.step
        setLossScale(guess.scaler)
    }
}
