internal import CZeroMQ

/// One received payload: a heap-allocated ZeroMQ message. Whoever holds it last calls `free`.
struct MessageBuffer: @unchecked Sendable {
    let message: UnsafeMutablePointer<zmq_msg_t>

    /// An empty message to receive into.
    init() {
        message = .allocate(capacity: 1)
        zmq_msg_init(message)
    }

    /// A copy of `bytes`.
    init(copying bytes: UnsafeRawBufferPointer) throws(TransportError) {
        message = .allocate(capacity: 1)
        guard zmq_msg_init_size(message, bytes.count) == 0 else {
            message.deallocate()
            throw .lastError("allocate a message of \(bytes.count) bytes")
        }
        if let source = bytes.baseAddress, let target = zmq_msg_data(message), !bytes.isEmpty {
            target.copyMemory(from: source, byteCount: bytes.count)
        }
    }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))
    }

    func free() {
        zmq_msg_close(message)
        message.deallocate()
    }
}
