/// One direction between two ranks that exchange anything.
public struct Link: Hashable, Sendable, CustomStringConvertible {
    /// The sending rank.
    public var from: Int
    /// The receiving rank.
    public var to: Int

    /// The direction from one rank to another.
    public init(from: Int, to: Int) {
        self.from = from
        self.to = to
    }

    public var description: String { "rank \(from)→rank \(to)" }
}

/// What travels over a link for one edge and one micro-batch. A link delivers in the order of `sequence`.
public struct Message: Hashable, Sendable {
    /// Which way through the pipeline a message goes.
    public enum Direction: UInt8, Hashable, Sendable, CaseIterable {
        /// Activations, portals and targets.
        case forward
        /// Their gradients.
        case backward
    }

    // The layout matches Instruction's, so that an Operation takes 24 bytes.
    private let storedEdge: Int32
    private let storedMicroBatch: Int32
    /// Whether it carries values to a later stage or gradients to an earlier one.
    public let direction: Direction
    private let storedLink: Int32
    private let storedSequence: Int32

    /// Traps unless the four numbers lie in the range of `Int32`.
    public init(edge: Int, direction: Direction, microBatch: Int, link: Int, sequence: Int) {
        storedEdge = Int32(edge)
        storedMicroBatch = Int32(microBatch)
        self.direction = direction
        storedLink = Int32(link)
        storedSequence = Int32(sequence)
    }

    /// Index into the edges the schedule was lowered with.
    public var edge: Int { Int(storedEdge) }
    /// The micro-batch of the step, counted from 0.
    public var microBatch: Int { Int(storedMicroBatch) }
    /// Index into the lowered schedule's links.
    public var link: Int { Int(storedLink) }
    /// How many messages went before it on its link in the same step, in the sender's program order.
    public var sequence: Int { Int(storedSequence) }
}
