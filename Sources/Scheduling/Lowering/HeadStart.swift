/// What the ranks can do of a step before they know how the update before it was decided: the forwards at the beginning of
/// each rank's program, as far as they need nothing of other ranks but what those do of their own head start.
///
/// Nothing of it adds to gradients, so that it can be done once more with other weights: what was sent then is passed over
/// by those who did not take it yet.
public struct HeadStart: Hashable, Sendable {
    /// By rank: so many operations at the beginning of its program.
    public let operations: [Int]
    /// By rank: what others send it in their head starts and it does not take in its own, link by link in the order in which they
    /// carry it.
    public let leftOver: [[Message]]

    /// The longest for these programs. Costs O(operations × ranks) at most.
    public init(_ programs: [RankProgram]) {
        var counts = programs.map { Self.forwards($0.operations) { _ in true } }
        var sent = Self.sent(programs, counts)
        while true {
            counts = programs.map { program in
                Self.forwards(program.operations) { $0.sequence < sent[$0.link, default: 0] }
            }
            let fewer = Self.sent(programs, counts)
            if fewer == sent { break }
            sent = fewer
        }
        operations = counts
        leftOver = zip(programs, counts).map { program, count in
            program.operations[count...].compactMap { operation in
                guard case .receive(let message) = operation, message.sequence < sent[message.link, default: 0] else {
                    return nil
                }
                return message
            }
        }
    }

    /// How many operations belong to the forwards at the beginning whose messages all are `known`.
    private static func forwards(_ operations: [Operation], known: (Message) -> Bool) -> Int {
        var count = 0
        for (index, operation) in operations.enumerated() {
            switch operation {
            case .receive(let message) where message.direction == .forward && known(message): continue
            case .compute(let instruction, _) where instruction.pass == .forward: count = index + 1
            case .send where count == index: count = index + 1
            case .receive, .compute, .send, .reduce, .gather: return count
            }
        }
        return count
    }

    /// By link: messages that the first operations send.
    private static func sent(_ programs: [RankProgram], _ counts: [Int]) -> [Int: Int] {
        var sent: [Int: Int] = [:]
        for (program, count) in zip(programs, counts) {
            for case .send(let message) in program.operations[..<count] { sent[message.link, default: 0] += 1 }
        }
        return sent
    }
}
