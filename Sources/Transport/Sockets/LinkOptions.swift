internal import CZeroMQ

/// The socket options of data links and of the control plane; each prevents a loss of messages that was seen without it.
enum LinkOptions {
    /// Both ends of a link, or of its credit.
    static func apply(to socket: Socket, _ link: LinkDeclaration, _ role: BoundSocket.Role) throws(TransportError) {
        // Credit bounds what is on its way; two more leave room for the goodbye and for acknowledgements in flight.
        try socket.set(ZMQ_SNDHWM, link.credit + 2)
        try socket.set(ZMQ_RCVHWM, link.credit + 2)
        try socket.set(ZMQ_IMMEDIATE, 1)
        try socket.set(ZMQ_RECONNECT_IVL, -1)
        let largest = role == .data ? max(FrameHeader.encodedSize, link.maxPayload) : FrameHeader.encodedSize
        try socket.setMaxMessageSize(Terms.frameSize(of: largest))
        try socket.set(ZMQ_SNDBUF, 1 << 20)
        try socket.set(ZMQ_RCVBUF, 1 << 20)
        try applyCommon(to: socket)
    }

    /// A worker's end of its connection to the coordinator: it retries until the coordinator listens.
    static func applyToControl(_ socket: Socket) throws(TransportError) {
        try socket.set(ZMQ_RECONNECT_IVL, 100)
        try socket.set(ZMQ_SNDHWM, controlDepth)
        try socket.setMaxMessageSize(Terms.frameSize(of: ControlMessage.maxSize))
        try applyCommon(to: socket)
    }

    /// Messages of up to 64 KiB that may wait at each end of a worker's way to the coordinator: what a coordinator that
    /// does not read costs both, beside the worker's `Outbox`.
    private static let controlDepth = 32
    /// Connections that wait to be accepted.
    private static let backlog = 64

    static func applyToRouter(_ socket: Socket) throws(TransportError) {
        try socket.set(ZMQ_ROUTER_MANDATORY, 1)
        // A worker that does not read must not make another lose messages.
        try socket.set(ZMQ_SNDHWM, 100_000)
        try socket.set(ZMQ_RCVHWM, controlDepth)
        try socket.set(ZMQ_BACKLOG, backlog)
        try socket.setMaxMessageSize(Terms.frameSize(of: ControlMessage.maxSize))
        try applyCommon(to: socket)
    }

    private static func applyCommon(to socket: Socket) throws(TransportError) {
        try socket.set(ZMQ_LINGER, 0)
        // A peer whose handshake does not finish in time is disconnected.
        try socket.set(ZMQ_HANDSHAKE_IVL, 5000)
        // ZMTP heartbeats with back-pressure lose messages; TCP's keepalive does not.
        try socket.set(ZMQ_HEARTBEAT_IVL, 0)
        try socket.set(ZMQ_TCP_KEEPALIVE, 1)
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, 10)
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, 5)
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3)
    }
}
