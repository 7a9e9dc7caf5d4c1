public import Scheduling

/// What a worker's compute thread did, or waited for, between two instants.
public enum EventKind: UInt8, Sendable, Hashable, CaseIterable {
    case forward = 0
    case backward = 1
    case backwardInput = 2
    case backwardWeight = 3
    case recompute = 4
    case optimizer = 5
    /// Waiting for the global gradient norm or a reduction.
    case gradientSync = 6
    /// Waiting for the data set's reader.
    case dataWait = 7
    /// Waiting for a message that an instruction needs: an activation or targets before F, a gradient before B or I.
    case receiveWait = 8
    /// Handing a message over, or waiting for room to send: no credit, or the send buffer still in use.
    case sendWait = 9
}

/// One entry of a rank's event log. Times are nanoseconds of the rank's monotonic clock.
public struct Event: Hashable, Sendable {
    public var kind: EventKind
    public var step: Int
    /// The instruction that ran, or that waited; nil for optimizer, gradient sync and data wait.
    public var instruction: Instruction?
    /// The rank that was waited for, in receiveWait and sendWait.
    public var peer: Int?
    public var start: UInt64
    public var end: UInt64
    /// receiveWait: when the sender handed the message to its link, on the sender's clock; 0 where unknown.
    public var sent: UInt64
    /// Payload bytes of the message that was waited for.
    public var bytes: Int

    public init(
        _ kind: EventKind, step: Int, instruction: Instruction? = nil, peer: Int? = nil, start: UInt64, end: UInt64,
        sent: UInt64 = 0, bytes: Int = 0
    ) {
        self.kind = kind
        self.step = step
        self.instruction = instruction
        self.peer = peer
        self.start = start
        self.end = end
        self.sent = sent
        self.bytes = bytes
    }
}
