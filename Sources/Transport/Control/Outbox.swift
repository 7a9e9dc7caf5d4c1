/// Control messages on their way to the coordinator, in order. It is bounded: a coordinator that does not read (stopped, or
/// waiting for a disk) makes its workers wait, not grow. Heartbeats are not queued: only the newest counts.
package struct Outbox {
    /// A message is accepted while fewer bytes than this are queued, so that one of any size can be.
    package static let byteLimit = 4 << 20
    package static let countLimit = 4096
    private var queue = Fifo<ControlMessage>()
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { queue.isEmpty }
    var first: ControlMessage? { queue.first }
    package var hasRoom: Bool { byteCount < Self.byteLimit && queue.count < Self.countLimit }
    /// Whether waiting senders may go on: well below the limit, so that they are not woken for each message.
    package var isHalfEmpty: Bool { byteCount <= Self.byteLimit / 2 && queue.count <= Self.countLimit / 2 }

    package mutating func append(_ message: ControlMessage) {
        queue.append(message)
        byteCount += message.payloadSize
    }

    package mutating func removeFirst() {
        guard let message = queue.popFirst() else { return }
        byteCount -= message.payloadSize
    }
}

extension ControlMessage {
    /// Bytes of an application message's piece; the others are small.
    fileprivate var payloadSize: Int {
        if case .application(let bytes, _) = self { bytes.count } else { 0 }
    }
}
