internal import CZeroMQ

/// Reports when a socket's connections begin and end. Close it before the context ends.
final class SocketMonitor {
    enum Event: Hashable {
        /// A handshake is done.
        case connected
        /// A peer connected to a bound socket; the descriptor of the connection.
        case accepted(Int32)
        /// A connection ended; its descriptor on this side.
        case disconnected(Int32)
        /// A handshake failed: the other side does not know this side's key, or speaks something else.
        case refused
        /// A handshake failed by the answer of the bound socket's `Authenticator`.
        case denied
        /// A connection ended before its handshake was over: too slow, or closed by the other side.
        case unfinished(address: String)
        /// Nothing listens there.
        case unreachable

        var isFailedHandshake: Bool {
            switch self {
            case .refused, .denied, .unfinished: true
            default: false
            }
        }
    }

    let socket: Socket

    /// - Parameter name: unique within the context.
    init(_ context: Context, of watched: Socket, name: String) throws(TransportError) {
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        let address = "inproc://monitor-\(name)"
        guard zmq_socket_monitor(watched.handle, address, events) == 0 else { throw .lastError("monitor a socket") }
        socket = try Socket(context, ZMQ_PAIR)
        do throws(TransportError) { try socket.connect(address) } catch {
            socket.close(lingerMilliseconds: 0)
            throw error
        }
    }

    /// The next event, if any.
    func next() throws(TransportError) -> Event? {
        while let parts = try socket.receiveParts()?.parts {
            guard let first = parts.first, first.count == 6 else { continue }
            let kind = Int32(first[0]) | Int32(first[1]) << 8
            let value = first[2...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            switch kind {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
            case ZMQ_EVENT_ACCEPTED: return .accepted(Int32(bitPattern: value))
            case ZMQ_EVENT_DISCONNECTED: return .disconnected(Int32(bitPattern: value))
            case ZMQ_EVENT_CLOSED: return .unreachable
            case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                return .unfinished(address: String(decoding: parts.dropFirst().first ?? [], as: UTF8.self))
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .denied
            default: return .refused
            }
        }
        return nil
    }

    func close() { socket.close(lingerMilliseconds: 0) }
}
