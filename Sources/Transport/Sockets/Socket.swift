internal import CZeroMQ
internal import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// A ZeroMQ context: one per endpoint, one I/O thread.
final class Context {
    let handle: UnsafeMutableRawPointer

    /// - Parameter descriptors: what will be opened with it in all: ZeroMQ aborts where it gets none.
    init(descriptors: Int = DescriptorNeeds.context) throws(TransportError) {
        try DescriptorNeeds.check(descriptors)
        try Self.checkThreads()
        guard let handle = zmq_ctx_new() else { throw .lastError("make a ZeroMQ context") }
        self.handle = handle
    }

    /// A context starts two threads with its first socket, and ZeroMQ aborts where the system starts none.
    private static func checkThreads() throws(TransportError) {
        let isOver = Shared(false)
        var threads: [JoinableThread] = []
        defer {
            isOver.update { $0 = true }
            threads.forEach { $0.join() }
        }
        do {
            for _ in 0..<2 {
                threads.append(try JoinableThread(name: "probe") { _ = isOver.wait { $0 ? true : nil } })
            }
        } catch {
            throw .thread(error.explanation)
        }
    }

    /// Waits until everything that lingers has left or timed out. All sockets must be closed.
    func end() {
        while zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
    }
}

/// One ZeroMQ socket, used by one thread. Closed by `close` alone.
final class Socket {
    let handle: UnsafeMutableRawPointer
    private var scratch = MessageBuffer()

    init(_ context: Context, _ type: Int32) throws(TransportError) {
        guard let handle = zmq_socket(context.handle, type) else { throw .lastError("make a ZeroMQ socket") }
        self.handle = handle
    }

    deinit { scratch.free() }

    func close(lingerMilliseconds: Int) {
        var linger = Int32(clamping: lingerMilliseconds)
        zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        zmq_close(handle)
    }

    func set(_ option: Int32, _ value: Int) throws(TransportError) {
        var value = Int32(clamping: value)
        guard zmq_setsockopt(handle, option, &value, 4) == 0 else { throw .lastError("set socket option \(option)") }
    }

    func set(_ option: Int32, bytes: [UInt8]) throws(TransportError) {
        let code = bytes.withUnsafeBytes { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        guard code == 0 else { throw .lastError("set socket option \(option)") }
    }

    /// Edge-triggered: readable once the socket's state changed, until the next call on it.
    func descriptor() throws(TransportError) -> Int32 { try option(ZMQ_FD, "find a socket's descriptor") }

    func isWritable() throws(TransportError) -> Bool {
        try option(ZMQ_EVENTS, "ask a socket for its state") & ZMQ_POLLOUT != 0
    }

    private func option(_ option: Int32, _ what: String) throws(TransportError) -> Int32 {
        var value: Int32 = 0
        var size = MemoryLayout<Int32>.size
        guard zmq_getsockopt(handle, option, &value, &size) == 0 else { throw .lastError(what) }
        return value
    }

    func setMaxMessageSize(_ size: Int) throws(TransportError) {
        var size = Int64(size)
        guard zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &size, 8) == 0 else { throw .lastError("limit message size") }
    }

    /// - Returns: the address as bound, with the port that was chosen.
    @discardableResult
    func bind(_ address: String) throws(TransportError) -> String {
        try allowIPv6(address)
        guard zmq_bind(handle, address) == 0 else {
            if zmq_errno() == EADDRNOTAVAIL { throw .address(address, reason: "this machine has no such address") }
            throw .lastError("bind \(address)")
        }
        var name = [CChar](repeating: 0, count: 512)
        var size = name.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &name, &size) == 0 else {
            throw .lastError("read the address of \(address)")
        }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func connect(_ address: String) throws(TransportError) {
        try allowIPv6(address)
        guard zmq_connect(handle, address) == 0 else { throw .lastError("connect to \(address)") }
    }

    /// Only where it is asked for: such a socket names IPv4's addresses in another way.
    private func allowIPv6(_ address: String) throws(TransportError) {
        if address.hasPrefix("tcp://[") { try set(ZMQ_IPV6, 1) }
    }

    /// False where the socket cannot take it now, or its peer is gone.
    func send(_ bytes: [UInt8], more: Bool = false) throws(TransportError) -> Bool {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        return try sent { bytes.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) } }
    }

    /// Repeats an interrupted call; false for "not now" and "no such peer".
    func sent(_ body: () -> Int32) throws(TransportError) -> Bool {
        while true {
            if body() >= 0 { return true }
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN, EHOSTUNREACH: return false
            default: throw .lastError("send a message")
            }
        }
    }

    /// One part into `buffer`; false when there is none.
    func receive(into buffer: MessageBuffer) throws(TransportError) -> Bool {
        while true {
            if zmq_msg_recv(buffer.message, handle, ZMQ_DONTWAIT) >= 0 { return true }
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw .lastError("receive a message")
            }
        }
    }

    /// The next message with all its parts, copied; the descriptor of the connection it came over, and what that one is
    /// granted. nil when there is none. For small messages.
    func receiveParts() throws(TransportError) -> (parts: [[UInt8]], descriptor: Int32, grant: Grant?)? {
        var parts: [[UInt8]] = []
        while try receive(into: scratch) {
            parts.append([UInt8](scratch.bytes))
            if zmq_msg_more(scratch.message) == 0 {
                let user = zmq_msg_gets(scratch.message, "User-Id").map { String(cString: $0) }
                return (parts, zmq_msg_get(scratch.message, ZMQ_SRCFD), user.flatMap { Grant($0) })
            }
        }
        return nil
    }
}
