package import Optimizers

/// All that the ranks of a run share between two steps and that is no tensor. The learning rate needs nothing more: it is a
/// function of the step.
package struct StepState: Codable, Hashable, Sendable {
    /// Steps that are done: the next one's number, counted from 0.
    package var step = 0
    /// Samples that were read; the next mini-batch begins there in the data's order.
    package var samples = 0
    /// Optimizer updates: steps but for those that were skipped.
    package var updates = 0
    /// nil without a loss scale.
    package var lossScale: LossScaler.State?
    /// Steps in a row whose gradients were not finite.
    package var skippedInRow = 0
    /// How often the run went back.
    package var rewinds = 0

    package init() {}

    /// States of a program that did not count them have no `rewinds`.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        step = try values.decode(Int.self, forKey: .step)
        samples = try values.decode(Int.self, forKey: .samples)
        updates = try values.decode(Int.self, forKey: .updates)
        lossScale = try values.decodeIfPresent(LossScaler.State.self, forKey: .lossScale)
        skippedInRow = try values.decode(Int.self, forKey: .skippedInRow)
        rewinds = try values.decodeIfPresent(Int.self, forKey: .rewinds) ?? 0
    }

    /// Whether a run can have left it: counts to which more can be added, and a scale that gradients can be multiplied by.
    var isPossible: Bool {
        let counts = [step, samples, updates, skippedInRow, rewinds]
        guard counts.allSatisfy({ (0..<1 << 48).contains($0) }), let scaler = lossScale else {
            return counts.allSatisfy { (0..<1 << 48).contains($0) }
        }
        return scaler.scale > 0 && scaler.scale <= 0x1p127 && (0..<1 << 48).contains(scaler.hysteresis)
            && (0..<1 << 48).contains(scaler.iteration) && (-1..<scaler.iteration + 1).contains(scaler.lastOverflow)
    }
}

/// A run's whole state between two steps, on the host: enough to go on with the same bits, at any number of stages.
package struct RunState: Sendable {
    package var step: StepState
    /// By name, as `StageState` has them: of all stages, or of some.
    package var tensors: [String: [UInt8]]

    package init(step: StepState, tensors: [String: [UInt8]]) {
        self.step = step
        self.tensors = tensors
    }
}

/// Where workers find the state that their steps begin with, and leave the one that they end with. Called on each worker's
/// compute thread.
package protocol StateKeeper: Sendable {
    /// nil: the run begins.
    func state() throws -> RunState?
    /// The stages of one rank, behind its last step.
    func keep(_ state: RunState, of rank: Int) throws
}
