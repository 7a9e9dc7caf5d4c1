/// What a worker computes: one pass of one stage over one micro-batch.
public enum Pass: Character, Sendable, CaseIterable, Hashable {
    case forward = "F"
    /// Both backward halves at once.
    case backward = "B"
    /// The input-gradient half: what the previous stage waits for.
    case backwardInput = "I"
    /// The weight-gradient half: only the optimizer's update needs it.
    case backwardWeight = "W"
}

/// One entry of a schedule. Prints and parses as `2F0`: stage 2, forward, micro-batch 0.
///
/// Stage and micro-batch lie in `0 ... Int32.max`; twelve bytes, because a large schedule holds millions.
public struct Instruction: Hashable, Sendable {
    private var storedStage: Int32
    private var storedMicroBatch: Int32
    /// Which pass is computed.
    public var pass: Pass

    /// Traps unless stage and micro-batch lie in the range of `Int32`.
    public init(_ pass: Pass, stage: Int, microBatch: Int) {
        self.storedStage = Int32(stage)
        self.storedMicroBatch = Int32(microBatch)
        self.pass = pass
    }

    /// The stage that computes, counted from 0; setting it traps beyond `Int32`.
    public var stage: Int {
        get { Int(storedStage) }
        set { storedStage = Int32(newValue) }
    }

    /// The micro-batch of the step, counted from 0; setting it traps beyond `Int32`.
    public var microBatch: Int {
        get { Int(storedMicroBatch) }
        set { storedMicroBatch = Int32(newValue) }
    }
}

extension Instruction: LosslessStringConvertible {
    public var description: String { "\(stage)\(pass.rawValue)\(microBatch)" }

    /// nil unless the text is digits, one of F, B, I and W, digits.
    public init?(_ description: String) {
        guard let at = description.firstIndex(where: { !("0"..."9").contains($0) }),
            let pass = Pass(rawValue: description[at]),
            let stage = Self.number(description[..<at]),
            let microBatch = Self.number(description[description.index(after: at)...])
        else { return nil }
        self.init(pass, stage: stage, microBatch: microBatch)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int32(digits).map(Int.init)
    }
}
