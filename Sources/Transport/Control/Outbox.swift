/// Control messages on their way to the coordinator, in order. It has a limit: a coordinator that does not read (stopped, or
/// waiting for a disk) makes its workers wait, not grow. Heartbeats do not stand here: of those only the newest counts.
package struct Outbox {
    /// A message enters while less than this waits: so that one of any size can.
    package static let byteLimit = 4 << 20
    package static let countLimit = 4096
    private var queue = Fifo<ControlMessage>()
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { queue.isEmpty }
    var first: ControlMessage? { queue.first }
    package var hasRoom: Bool { byteCount < Self.byteLimit && queue.count < Self.countLimit }
    /// Whether those who wait for room may go on: not for one message at a time.
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
