/// One entry of a rank's program.
public enum Operation: Hashable, Sendable {
    case receive(Message)
    /// `slot`: which of the stage's activation slots the micro-batch occupies.
    case compute(Instruction, slot: Int)
    case send(Message)
}

/// Everything one rank does in a step, in order.
public struct RankProgram: Hashable, Sendable {
    public var operations: [Operation]

    public init(operations: [Operation] = []) { self.operations = operations }

    /// What arrives here and what leaves, in order.
    public var receives: [Message] {
        operations.compactMap { if case .receive(let message) = $0 { message } else { nil } }
    }

    public var sends: [Message] {
        operations.compactMap { if case .send(let message) = $0 { message } else { nil } }
    }
}

/// A schedule with its sends, receives and activation slots worked out.
public struct LoweredSchedule: Hashable, Sendable {
    /// What it was lowered with; messages name them by index.
    public var edges: [Edge]
    /// One per ordered pair of ranks that exchange anything.
    public var links: [Link]
    /// By rank.
    public var ranks: [RankProgram]
    /// Activation slots by stage: how many micro-batches are in flight there at most.
    public var slotCount: [Int]

    public init(edges: [Edge], links: [Link], ranks: [RankProgram], slotCount: [Int]) {
        self.edges = edges
        self.links = links
        self.ranks = ranks
        self.slotCount = slotCount
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
