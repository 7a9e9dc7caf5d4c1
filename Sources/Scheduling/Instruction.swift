/// What a worker computes: one pass of one stage over one micro-batch.
public enum Pass: Character, Sendable, CaseIterable, Hashable {
    case forward = "F"
    /// Both backward halves at once.
    case backward = "B"
    /// The input-gradient half: what the previous stage waits for.
    case backwardInput = "I"
    /// The weight-gradient half: nobody waits for it before the optimizer does.
    case backwardWeight = "W"
}

/// One entry of a schedule. Prints and parses as `2F0`: stage 2, forward, micro-batch 0.
public struct Instruction: Hashable, Sendable {
    public var stage: Int
    public var pass: Pass
    public var microBatch: Int

    public init(_ pass: Pass, stage: Int, microBatch: Int) {
        self.stage = stage
        self.pass = pass
        self.microBatch = microBatch
    }
}

extension Instruction: LosslessStringConvertible {
    public var description: String { "\(stage)\(pass.rawValue)\(microBatch)" }

    public init?(_ description: String) {
        let letters = description.indices.filter { description[$0].isLetter }
        guard letters.count == 1, let at = letters.first, let pass = Pass(rawValue: description[at]),
            let stage = Int(description[..<at]), let microBatch = Int(description[description.index(after: at)...]),
            stage >= 0, microBatch >= 0
        else { return nil }
        self.init(pass, stage: stage, microBatch: microBatch)
    }
}
