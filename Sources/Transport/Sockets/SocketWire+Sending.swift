internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// From frames to sockets.
extension SocketWire {
    func send(_ header: FrameHeader, payload: OutgoingPayload?, on link: Int) throws(TransportError) -> Bool {
        guard let socket = connected[link] else { return false }
        guard try socket.send(header.encoded(), more: payload != nil) else {
            items[connectedItems[link]].events = Int16(POLLIN)
            return false
        }
        guard let payload else { return true }
        return try sendInPlace(payload, over: socket)
    }

    /// The second part: ZeroMQ reads it where it is, and its I/O thread says when it has.
    private func sendInPlace(_ payload: OutgoingPayload, over socket: Socket) throws(TransportError) -> Bool {
        let hint = Unmanaged.passRetained(payload.release)
        let start = UnsafeMutableRawPointer(mutating: payload.bytes.baseAddress)
        let part = MessageBuffer()
        defer { part.free() }
        let wrapped = zmq_msg_init_data(
            part.message, start, payload.bytes.count,
            { _, hint in
                guard let hint else { return }
                Unmanaged<ReleaseCounter>.fromOpaque(hint).takeRetainedValue().release()
            }, hint.toOpaque())
        guard wrapped == 0 else {
            hint.release()
            throw .lastError("wrap a payload")
        }
        // Once its header is accepted a payload is too, whatever the high-water mark; unless the peer is lost meanwhile.
        return try socket.sent { zmq_msg_send(part.message, socket.handle, ZMQ_DONTWAIT) }
    }

    func sendControl(_ bytes: [UInt8]) throws(TransportError) -> Bool {
        guard let control else { return false }
        let isSent = try control.send(bytes)
        pendingReads.append(controlItem)
        return isSent
    }
}
