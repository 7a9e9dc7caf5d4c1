public import Scheduling

/// What a worker's compute thread did, or waited for, between two instants.
public enum EventKind: UInt8, Sendable, Hashable, CaseIterable {
    /// F of an instruction's stage and micro-batch.
    case forward = 0
    /// B: both backward halves at once.
    case backward = 1
    /// I: the input-gradient half.
    case backwardInput = 2
    /// W: the weight-gradient half.
    case backwardWeight = 3
    /// Running forwards again before a backward, for activations that were not kept.
    case recompute = 4
    /// The optimizer's update.
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
    /// Evaluating on held-out data, before the step it belongs to: no part of any step's time.
    case evaluation = 13
    /// Copying the state for a checkpoint, before the step it belongs to: no part of any step's time.
    case checkpoint = 14
    /// Waiting until the gradients of all replicas are added; `sent` is when the first of the rank's own left.
    case replicaSync = 15

    /// Whether it lies between two steps.
    package var isBetweenSteps: Bool { self == .evaluation || self == .checkpoint }
}

/// One entry of a rank's event log. Times are nanoseconds of the rank's monotonic clock.
public struct Event: Hashable, Sendable {
    /// What the thread did or waited for.
    public var kind: EventKind
    /// The step it belongs to, counted from 0.
    public var step: Int
    /// The instruction that ran, or that waited; nil for optimizer, gradient sync, data wait and evaluation.
    public var instruction: Instruction?
    /// The rank that a message comes from or goes to: in receiveWait, takeOver, sendWait and handOver.
    public var peer: Int?
    /// When it began, nanoseconds of the rank's clock.
    public var start: UInt64
    /// When it ended, at `start` or later.
    public var end: UInt64
    /// receiveWait, takeOver: when the sender handed the message to its link, on the sender's clock; replicaSync: when the
    /// rank's own first block left, on its own clock; 0 where unknown.
    public var sent: UInt64
    /// Payload bytes of the message that came; replicaSync: of all that did, for gradients' sums.
    public var bytes: Int

    /// An event of a rank's log; times are nanoseconds of that rank's clock.
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
        case .gradientSync, .dataWait, .receiveWait, .takeOver, .sendWait, .handOver, .report, .evaluation, .checkpoint,
            .replicaSync:
            false
        }
    }
}
