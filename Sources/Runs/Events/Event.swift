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
    /// Waiting for room to send: a message before had no credit, and its buffer is still in use.
    case sendWait = 9
    /// Handing a message to its link, or waiting for its bytes to leave.
    case handOver = 10
    /// Taking over a message that lay ready when it was needed.
    case takeOver = 11
    /// Reporting a step to the coordinator: gradients' squares, loss, times, these events.
    case report = 12
}

/// One entry of a rank's event log. Times are nanoseconds of the rank's monotonic clock.
public struct Event: Hashable, Sendable {
    public var kind: EventKind
    public var step: Int
    /// The instruction that ran, or that waited; nil for optimizer, gradient sync and data wait.
    public var instruction: Instruction?
    /// The rank that a message comes from or goes to: in receiveWait, takeOver, sendWait and handOver.
    public var peer: Int?
    public var start: UInt64
    public var end: UInt64
    /// receiveWait, takeOver: when the sender handed the message to its link, on the sender's clock; 0 where unknown.
    public var sent: UInt64
    /// Payload bytes of the message that came.
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

extension Event {
    /// True while the compute thread works: every pass, recomputation and the optimizer.
    public var isBusy: Bool {
        switch kind {
        case .forward, .backward, .backwardInput, .backwardWeight, .recompute, .optimizer: true
        case .gradientSync, .dataWait, .receiveWait, .takeOver, .sendWait, .handOver, .report: false
        }
    }
}
