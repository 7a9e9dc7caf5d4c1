/// Gives each micro-batch of each stage the lowest free activation slot, from the first message its F needs, or the F
/// itself, to its last backward half.
struct SlotColouring {
    /// By stage: how many slots were needed.
    var count: [Int] { taken.map(\.count) }

    private let microBatches: Int
    /// By stage, by slot.
    private var taken: [[Bool]]
    /// By stage: no slot below is free.
    private var lowest: [Int]
    /// By stage × micro-batches + micro-batch; −1 before it has one.
    private(set) var slots: [Int32]

    init(stages: Int, microBatches: Int) {
        self.microBatches = microBatches
        taken = [[Bool]](repeating: [], count: stages)
        lowest = [Int](repeating: 0, count: stages)
        slots = [Int32](repeating: -1, count: stages * microBatches)
    }

    /// A message for a forward needs somewhere to lie, however early it comes.
    mutating func reserve(stage: Int, microBatch: Int) {
        let cell = stage * microBatches + microBatch
        if slots[cell] < 0 { slots[cell] = Int32(take(stage)) }
    }

    /// The slot an instruction works in. Called once for each, in the order of its rank.
    mutating func slot(of instruction: Instruction) -> Int {
        let (stage, cell) = (instruction.stage, instruction.stage * microBatches + instruction.microBatch)
        switch instruction.pass {
        case .forward: reserve(stage: stage, microBatch: instruction.microBatch)
        case .backward, .backwardWeight: free(Int(slots[cell]), of: stage)
        case .backwardInput: break
        }
        return Int(slots[cell])
    }

    private mutating func take(_ stage: Int) -> Int {
        var slot = lowest[stage]
        while slot < taken[stage].count && taken[stage][slot] { slot += 1 }
        if slot == taken[stage].count { taken[stage].append(true) } else { taken[stage][slot] = true }
        lowest[stage] = slot + 1
        return slot
    }

    private mutating func free(_ slot: Int, of stage: Int) {
        taken[stage][slot] = false
        lowest[stage] = min(lowest[stage], slot)
    }
}
