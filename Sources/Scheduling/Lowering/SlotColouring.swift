/// Gives each micro-batch of each stage the lowest free slots: an activation slot from the first message its F needs, or
/// the F itself, to its last backward half; and on stages where halves run apart, a deferred slot from its I to its W.
///
/// Where nothing comes back, an activation slot ends with the F; or with that of the last stage of the same rank that copies
/// from it.
struct SlotColouring {
    /// By stage: how many slots were needed.
    var count: [Int] { activations.map(\.count) }
    var deferredCount: [Int] { deferrals.map(\.count) }

    private let microBatches: Int
    /// By stage.
    private let splits: [Bool]
    /// By stage.
    private var activations: [SlotPool]
    private var deferrals: [SlotPool]
    /// By stage × micro-batches + micro-batch; −1 before it has one.
    private(set) var slots: [Int32]
    /// Likewise; empty where no halves run apart.
    private(set) var deferredSlots: [Int32]
    /// By stage: whose activation slots end with its F; empty but where nothing comes back.
    private let endedByForward: [[Int]]

    init(_ schedule: Schedule, edges: [Edge]) {
        endedByForward = schedule.isForwardOnly ? Self.endedByForward(schedule, edges) : []
        microBatches = schedule.microBatches
        activations = [SlotPool](repeating: SlotPool(), count: schedule.stageCount)
        deferrals = activations
        slots = [Int32](repeating: -1, count: schedule.stageCount * microBatches)
        splits = schedule.splitsBackward
        deferredSlots = splits.contains(true) ? slots : []
    }

    private static func endedByForward(_ schedule: Schedule, _ edges: [Edge]) -> [[Int]] {
        var ended = [[Int]](repeating: [], count: schedule.stageCount)
        for (stage, rank) in schedule.rankOfStage.enumerated() {
            let users = edges.filter { $0.from == stage && schedule.rankOfStage[$0.to] == rank }.map(\.to)
            ended[users.max() ?? stage].append(stage)
        }
        return ended
    }

    /// A message for a forward needs somewhere to lie, however early it comes.
    mutating func reserve(stage: Int, microBatch: Int) {
        let cell = stage * microBatches + microBatch
        if slots[cell] < 0 { slots[cell] = activations[stage].take() }
    }

    /// The activation slot an instruction works in. Called once for each, in the order of its rank.
    mutating func slot(of instruction: Instruction) -> Int {
        let (stage, cell) = (instruction.stage, instruction.stage * microBatches + instruction.microBatch)
        if instruction.pass == .forward { reserve(stage: stage, microBatch: instruction.microBatch) }
        if instruction.pass != .forward && splits[stage] && deferredSlots[cell] < 0 {
            deferredSlots[cell] = deferrals[stage].take()
        }
        if instruction.pass == .backward || instruction.pass == .backwardWeight {
            activations[stage].free(slots[cell])
            if splits[stage] { deferrals[stage].free(deferredSlots[cell]) }
        }
        if !endedByForward.isEmpty {
            for stage in endedByForward[stage] {
                activations[stage].free(slots[stage * microBatches + instruction.microBatch])
            }
        }
        return Int(slots[cell])
    }
}

/// Slots that are taken and freed; the lowest free one is taken first.
private struct SlotPool {
    private var taken: [Bool] = []
    /// No slot below is free.
    private var lowest = 0

    var count: Int { taken.count }

    mutating func take() -> Int32 {
        var slot = lowest
        while slot < taken.count && taken[slot] { slot += 1 }
        if slot == taken.count { taken.append(true) } else { taken[slot] = true }
        lowest = slot + 1
        return Int32(slot)
    }

    mutating func free(_ slot: Int32) {
        taken[Int(slot)] = false
        lowest = min(lowest, Int(slot))
    }
}
