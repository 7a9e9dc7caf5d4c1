/// Why a schedule was refused. Its text shows the failing instruction marked in the schedule.
public enum ScheduleError: Error, Hashable, Sendable {
    /// A name or a number that no schedule can be made of.
    case argument(String, expected: String, got: String)
    /// Text that is not a schedule. Line and column count from 1.
    case syntax(line: Int, column: Int, expected: String, got: String)
    /// An instruction that is missing, repeated, misplaced or too early.
    case instruction(InvalidInstruction)
    /// An edge that does not fit the schedule's stages.
    case edge(Edge, expected: String, got: String)
    /// Ranks that wait for one another for ever.
    case deadlock(Deadlock)

    /// One instruction that cannot stand where it does, or that is missing.
    public struct InvalidInstruction: Hashable, Sendable {
        /// Number of the rank.
        public var rank: Int
        /// Index into the rank's instructions; their count where the instruction is missing.
        public var position: Int
        /// What would be right there.
        public var expected: String
        /// What stands there instead.
        public var got: String
        /// The schedule's text around the instruction, which is marked.
        public var excerpt: String
    }

    /// Ranks that wait for one another for ever: who waits for what.
    public struct Deadlock: Hashable, Sendable {
        /// Undelivered messages that each link may hold; where links differ, the most that any may.
        public var queueDepth: Int
        /// Every rank that cannot go on, in order.
        public var stuck: [StuckRank]
        /// The text of the stuck ranks around the instructions at which they wait, which are marked.
        public var excerpt: String
    }

    /// A rank that cannot go on, and what it waits for.
    public struct StuckRank: Hashable, Sendable {
        /// What kind of wait it is, and for which rank.
        public enum Wait: Hashable, Sendable {
            /// A message that has not been sent.
            case receive(from: Int)
            /// A link that is full.
            case send(to: Int)
        }
        /// Number of the rank that waits.
        public var rank: Int
        /// The instruction that needs the message, or that made it.
        public var instruction: Instruction
        /// The message that has not come, or that finds no room.
        public var message: Message
        /// The edge that the message belongs to.
        public var edge: Edge
        /// Whether it waits to receive or to send, and which rank is at the other end.
        public var wait: Wait
    }
}

extension ScheduleError.StuckRank: CustomStringConvertible {
    /// `rank 1 at 1F0 waits to receive boundary 0→1, micro-batch 0, from rank 0`
    public var description: String {
        let what = message.direction == .forward ? "\(edge)" : "the gradient of \(edge)"
        let head = "rank \(rank) at \(instruction) waits to"
        return switch wait {
        case .receive(let peer): "\(head) receive \(what), micro-batch \(message.microBatch), from rank \(peer)"
        case .send(let peer): "\(head) send \(what), micro-batch \(message.microBatch), to rank \(peer)"
        }
    }
}

extension ScheduleError.Deadlock: CustomStringConvertible {
    private static let listed = 16

    public var description: String {
        let room = queueDepth == 1 ? "one undelivered message" : "\(queueDepth) undelivered messages"
        let more = stuck.count > Self.listed ? ["and \(stuck.count - Self.listed) more ranks"] : []
        let waits = stuck.prefix(Self.listed).map(\.description) + more
        return "deadlock, where a link holds at most \(room):\n"
            + waits.map { "  \($0)\n" }.joined() + excerpt
    }
}

extension ScheduleError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .argument(let name, let expected, let got):
            "\(name): expected \(expected), got \(got)"
        case .syntax(let line, let column, let expected, let got):
            "line \(line), column \(column): expected \(expected), got \(got)"
        case .instruction(let invalid):
            "rank \(invalid.rank), instruction \(invalid.position): expected \(invalid.expected), got \(invalid.got)\n"
                + invalid.excerpt
        case .edge(let edge, let expected, let got):
            "edge \(edge): expected \(expected), got \(got)"
        case .deadlock(let deadlock):
            deadlock.description
        }
    }
}
