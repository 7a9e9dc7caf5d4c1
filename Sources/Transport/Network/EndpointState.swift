/// What a worker's compute thread and its network thread share.
package struct EndpointState {
    enum Stage: Hashable { case idle, registering, running, closed }
    enum Closing: Hashable { case no, abrupt, goodbye }

    var links: [LinkState]
    var failure: TransportError?
    /// What the coordinator said with the run's end: where this worker goes over to, or nothing.
    var orders: [UInt8]?
    var stage = Stage.idle
    var closing = Closing.no
    /// True once the control connection stood.
    var hasCoordinator: Bool { contact == .connected }
    package var contact = Contact.none
    /// Learned from the coordinator where the configuration does not say.
    var runID: UInt64
    package var outbox = Outbox()
    /// Whether the compute thread waits for room in the outbox.
    package var isOutboxAwaited = false
    var inbox = Fifo<[UInt8]>()

    init(links: [LinkState], runID: UInt64) {
        self.links = links
        self.runID = runID
    }

    /// First failure wins.
    package mutating func fail(_ error: TransportError) { failure = failure ?? error }

    var isLinkQueueEmpty: Bool {
        links.allSatisfy { $0.sending.queue.isEmpty && ($0.isOver || !$0.owesCredit) }
    }
}

/// One link at one of its ends.
struct LinkState {
    let declaration: LinkDeclaration
    /// True at the sending end.
    let isOutgoing: Bool
    var sending = SendingState()
    var receiving = ReceivingState()
    var counters = LinkCounters()
    /// The newest message that left or arrived, and when.
    var newest: (message: MessageName, at: UInt64)?
    /// The peer will send nothing more over this link: neither messages nor credit.
    var peerSaidGoodbye = false
    var saidGoodbye = false
    var isConnected = false
    var isLost = false

    init(_ declaration: LinkDeclaration, isOutgoing: Bool) {
        self.declaration = declaration
        self.isOutgoing = isOutgoing
    }

    /// Queues a message for the network thread.
    /// - Returns: its place on the link, counted from 1.
    mutating func enqueue(_ message: OutgoingMessage) -> UInt64 {
        var message = message
        message.waitedForCredit = sending.sent - sending.acknowledged >= UInt64(declaration.credit)
        sending.queue.append(message)
        sending.sent += 1
        return sending.sent
    }

    var peer: Int { isOutgoing ? declaration.destination : declaration.source }
    /// Whether the receiver has to return credit now.
    var owesCredit: Bool { receiving.consumed - receiving.credited > UInt64(declaration.creditBatch) }
    /// Nothing more can come from the peer.
    var isOver: Bool { peerSaidGoodbye || isLost }
}

/// The sending end: sent ≥ dispatched ≥ acknowledged, dispatched − acknowledged ≤ credit.
struct SendingState {
    var queue = Fifo<OutgoingMessage>()
    /// Handed over by the compute thread.
    var sent: UInt64 = 0
    /// Given to the wire.
    var dispatched: UInt64 = 0
    /// Consumed by the receiver, as its credit said.
    var acknowledged: UInt64 = 0
    /// Buffers that the wire no longer needs; the wire frees them in order.
    var released: UInt64 = 0
}

/// The receiving end: received ≥ consumed ≥ credited.
struct ReceivingState {
    var arrivals = Fifo<(header: FrameHeader, payload: MessageBuffer)>()
    var received: UInt64 = 0
    var consumed: UInt64 = 0
    /// The part of `consumed` whose credit was returned.
    var credited: UInt64 = 0
}

/// A message that waits in the network thread's list.
struct OutgoingMessage {
    var header: FrameHeader
    var payload: UnsafeRawBufferPointer
    /// Whether there was no credit for it when it was handed over.
    var waitedForCredit = false
}
