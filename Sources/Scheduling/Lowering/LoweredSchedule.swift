/// One entry of a rank's program.
public enum Operation: Hashable, Sendable {
    /// Takes a message from its link, waiting until it is there.
    case receive(Message)
    /// `slot`: which of the stage's activation slots the micro-batch occupies.
    case compute(Instruction, slot: Int)
    /// Hands a message to its link, waiting while the link is full.
    case send(Message)
    /// `R`: behind the last pass that adds to a stage's gradients, which leave for the replicas that add them block by block
    /// while that pass goes on. Waits for nothing.
    case reduce(stage: Int)
    /// `G`: waits until the sums of all replicas' gradients of a stage are there.
    case gather(stage: Int)
}

/// Everything one rank does in a step, in order.
public struct RankProgram: Hashable, Sendable {
    /// In the order in which the rank carries them out.
    public var operations: [Operation]

    /// A program of the given operations; of none unless told.
    public init(operations: [Operation] = []) { self.operations = operations }

    /// The messages that arrive here, in the order in which they are taken.
    public var receives: [Message] {
        operations.compactMap { if case .receive(let message) = $0 { message } else { nil } }
    }

    /// The messages that leave here, in the order in which they are sent.
    public var sends: [Message] {
        operations.compactMap { if case .send(let message) = $0 { message } else { nil } }
    }
}

/// A schedule with its sends, receives and activation slots worked out.
public struct LoweredSchedule: Hashable, Sendable {
    /// What it was lowered with; messages name them by index.
    public let edges: [Edge]
    /// One per ordered pair of ranks that exchange anything.
    public let links: [Link]
    /// By rank.
    public let ranks: [RankProgram]
    /// Activation slots by stage: how many micro-batches are in flight there at most.
    public let slotCount: [Int]
    /// Deferred slots by stage: how many micro-batches are between their two backward halves there at most.
    public let deferredCount: [Int]
    private let slots: [Int32]
    private let deferredSlots: [Int32]
    private let microBatches: Int

    init(
        edges: [Edge], links: [Link], ranks: [RankProgram], colouring: SlotColouring, microBatches: Int
    ) {
        self.edges = edges
        self.links = links
        self.ranks = ranks
        slotCount = colouring.count
        deferredCount = colouring.deferredCount
        slots = colouring.slots
        deferredSlots = colouring.deferredSlots
        self.microBatches = microBatches
    }

    /// Whether a stage runs the two backward halves of any micro-batch apart.
    public func splitsBackward(stage: Int) -> Bool { deferredCount[stage] > 0 }

    /// The activation slot that a micro-batch has on a stage, below `slotCount[stage]`: its passes work there and its
    /// messages arrive there, from the first of them to the last backward half.
    public func slot(stage: Int, microBatch: Int) -> Int { Int(slots[stage * microBatches + microBatch]) }

    /// What lies between a micro-batch's backward halves lies there, below `deferredCount[stage]`; 0 where no halves of the
    /// stage run apart.
    public func deferredSlot(stage: Int, microBatch: Int) -> Int {
        splitsBackward(stage: stage) ? Int(deferredSlots[stage * microBatches + microBatch]) : 0
    }

    /// How many messages each link carries in a step.
    public var messagesOfLink: [Int] {
        var counts = [Int](repeating: 0, count: links.count)
        for program in ranks {
            for case .send(let message) in program.operations { counts[message.link] += 1 }
        }
        return counts
    }
}
