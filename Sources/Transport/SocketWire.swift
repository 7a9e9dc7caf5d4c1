internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// The wire on ZeroMQ: per link a PUSH that connects to a PULL that binds, and the same pair backwards for credit; a
/// DEALER to the coordinator. Connections are never made again: a lost one ends the run.
final class SocketWire: Wire {
    let configuration: WorkerConfiguration
    private let state: Shared<EndpointState>
    private let wakeUp: WakeUp
    private var context: Context?
    private var control: Socket?
    private var controlMonitor: SocketMonitor?
    private var hasCoordinator = false
    /// The bound PULL of each link: messages of an incoming link, credit of an outgoing one.
    private var bound: [Socket] = []
    /// The connected PUSH of each link.
    private var connected: [Socket?]
    private var monitors: [SocketMonitor] = []
    private var files: [String] = []
    private var lifeline: Int32?
    private let frame = MessageBuffer()
    private var items: [zmq_pollitem_t] = []
    private var sources: [Source] = []

    /// What a poll item stands for.
    private enum Source {
        case wakeUp, lifeline, control, controlMonitor
        case bound(Int)
        case connected(Int)
        case monitor(Int)
    }

    init(_ configuration: WorkerConfiguration, state: Shared<EndpointState>, wakeUp: WakeUp) {
        self.configuration = configuration
        self.state = state
        self.wakeUp = wakeUp
        lifeline = configuration.lifeline
        connected = Array(repeating: nil, count: configuration.links.count)
    }

    deinit { frame.free() }

    func wake() { wakeUp.signal() }

    // MARK: Opening

    func open() throws(TransportError) -> [BoundSocket] {
        watch(descriptor: wakeUp.descriptor, as: .wakeUp)
        if let lifeline { watch(descriptor: lifeline, as: .lifeline) }
        try Address.check(configuration.coordinator)
        let context = try Context()
        self.context = context
        let sockets = try bindLinks(context)
        try connectControl(context)
        return sockets
    }

    private func bindLinks(_ context: Context) throws(TransportError) -> [BoundSocket] {
        var sockets: [BoundSocket] = []
        for (index, link) in configuration.links.enumerated() {
            let role: BoundSocket.Role = link.source == configuration.rank ? .credit : .data
            let socket = try Socket(context, ZMQ_PULL)
            bound.append(socket)
            try LinkOptions.apply(to: socket, link, role)
            let address = try bindAddress(link, role)
            if address.hasPrefix("ipc://") { files.append(String(address.dropFirst(6))) }
            sockets.append(BoundSocket(link, role, address: try socket.bind(address)))
            watch(socket, as: .bound(index))
        }
        return sockets
    }

    /// Beside the coordinator's socket where that is a file, else a port that the system chooses.
    private func bindAddress(_ link: LinkDeclaration, _ role: BoundSocket.Role) throws(TransportError) -> String {
        guard let directory else { return "tcp://127.0.0.1:*" }
        let kind = role == .data ? "data" : "credit"
        let address = "ipc://\(directory)/\(link.id)-\(link.source)-\(link.destination)-\(kind)"
        try Address.check(address)
        guard access(String(address.dropFirst(6)), F_OK) != 0 else {
            throw .address(address, reason: "is taken: does another worker run as rank \(configuration.rank)?")
        }
        return address
    }

    /// The directory of the coordinator's ipc socket.
    private var directory: Substring? {
        guard configuration.coordinator.hasPrefix("ipc://") else { return nil }
        let path = configuration.coordinator.dropFirst(6)
        return path.lastIndex(of: "/").map { path[..<$0] }
    }

    private func connectControl(_ context: Context) throws(TransportError) {
        let socket = try Socket(context, ZMQ_DEALER)
        control = socket
        try LinkOptions.applyToControl(socket)
        let monitor = try SocketMonitor(context, of: socket, name: "control")
        controlMonitor = monitor
        try socket.connect(configuration.coordinator)
        watch(monitor.socket, as: .controlMonitor)
        watch(socket, as: .control)
    }

    func connect(_ sockets: [BoundSocket]) throws(TransportError) {
        guard let context else { return }
        for (index, link) in configuration.links.enumerated() {
            let role: BoundSocket.Role = link.source == configuration.rank ? .data : .credit
            guard let place = sockets.first(where: { $0.link == link && $0.role == role }) else {
                throw .links("\(link): the coordinator names no socket to connect to")
            }
            try Address.check(place.address)
            guard connected[index] == nil else { throw .links("\(link): the coordinator introduced it twice") }
            let socket = try Socket(context, ZMQ_PUSH)
            connected[index] = socket
            try LinkOptions.apply(to: socket, link, role)
            let monitor = try SocketMonitor(context, of: socket, name: "\(index)")
            monitors.append(monitor)
            try socket.connect(place.address)
            watch(monitor.socket, as: .monitor(index))
            watch(socket, as: .connected(index), events: 0)
        }
    }

    private func watch(_ socket: Socket, as source: Source, events: Int32 = ZMQ_POLLIN) {
        items.append(zmq_pollitem_t(socket: socket.handle, fd: 0, events: Int16(events), revents: 0))
        sources.append(source)
    }

    private func watch(descriptor: Int32, as source: Source) {
        items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
        sources.append(source)
    }

    // MARK: Polling

    func poll(milliseconds: Int, into events: inout [WireEvent]) throws(TransportError) {
        guard zmq_poll(&items, Int32(items.count), milliseconds) >= 0 else {
            if zmq_errno() == EINTR { return }
            throw .lastError("poll sockets")
        }
        for index in items.indices where items[index].revents != 0 {
            switch sources[index] {
            case .wakeUp: wakeUp.clear()
            case .lifeline: try readLifeline(index, &events)
            case .control: try receiveControl(&events)
            case .controlMonitor: try receiveControlMonitor(&events)
            case .bound(let link): try receiveFrames(link, &events)
            case .monitor(let link): try receiveMonitor(link, &events)
            case .connected: items[index].events = 0
            }
        }
    }

    private func readLifeline(_ item: Int, _ events: inout [WireEvent]) throws(TransportError) {
        guard let lifeline else { return }
        var byte: UInt8 = 0
        let count = read(lifeline, &byte, 1)
        guard count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) else { return }
        items[item].events = 0
        items[item].fd = wakeUp.descriptor
        try receiveControl(&events)
        events.append(.lifelineEnded)
    }

    private func receiveControl(_ events: inout [WireEvent]) throws(TransportError) {
        while let (parts, _) = try control?.receiveParts() { events.append(.control(parts.count == 1 ? parts[0] : [])) }
    }

    private func receiveControlMonitor(_ events: inout [WireEvent]) throws(TransportError) {
        while let event = try controlMonitor?.next() {
            if event == .connected { events.append(.controlConnected) }
            // Before the first connection the coordinator may simply not listen yet.
            if event != .connected && hasCoordinator {
                // Its last words, such as why it ends, come before its end.
                try receiveControl(&events)
                events.append(.controlLost)
            }
            hasCoordinator = event == .connected
        }
    }

    private func receiveMonitor(_ link: Int, _ events: inout [WireEvent]) throws(TransportError) {
        guard let monitor = monitors.indices.contains(link) ? monitors[link] : nil else { return }
        while let event = try monitor.next() {
            events.append(event == .connected ? .linkConnected(link) : .linkLost(link))
        }
    }

    /// A message is a header and a payload; a credit or goodbye is a header alone.
    private func receiveFrames(_ link: Int, _ events: inout [WireEvent]) throws(TransportError) {
        while try bound[link].receive(into: frame) {
            let hasPayload = zmq_msg_more(frame.message) != 0
            let header: Result<FrameHeader, TransportError>
            do throws(TransportError) { header = .success(try FrameHeader(decoding: frame.bytes)) } catch {
                header = .failure(error)
            }
            guard hasPayload else {
                append(header.map { .notice(link: link, $0) }, link, &events)
                continue
            }
            let payload = MessageBuffer()
            guard try bound[link].receive(into: payload) else { return payload.free() }
            append(header.flatMap { check($0, payload, link) }, link, &events) ?? payload.free()
        }
    }

    private func check(_ header: FrameHeader, _ payload: MessageBuffer, _ link: Int) -> Result<
        WireEvent, TransportError
    > {
        let isLast = zmq_msg_more(payload.message) == 0
        let isMessage = header.kind != .credit && header.kind != .goodbye
        guard isLast, isMessage, payload.bytes.count == header.payloadLength,
            configuration.links[link].destination == configuration.rank
        else {
            return .failure(
                .malformed(
                    "\(header)", expected: "a payload of \(header.payloadLength) bytes as the last part",
                    got: "\(payload.bytes.count) bytes" + (isLast ? "" : " and more parts")))
        }
        return .success(.data(link: link, header, payload))
    }

    /// nil where the event was a failure.
    @discardableResult
    private func append(_ event: Result<WireEvent, TransportError>, _ link: Int, _ events: inout [WireEvent]) -> Void? {
        switch event {
        case .success(let event): return events.append(event)
        case .failure(let error):
            events.append(.broken(link: link, error))
            return nil
        }
    }

    // MARK: Sending

    func send(_ header: FrameHeader, payload: OutgoingPayload?, on link: Int) throws(TransportError) -> Bool {
        guard let socket = connected[link] else { return false }
        guard try socket.send(header.encoded(), more: payload != nil) else { return false }
        guard let payload else { return true }
        try sendInPlace(payload, over: socket)
        return true
    }

    /// The second part: ZeroMQ reads it where it is, and its I/O thread says when it has.
    private func sendInPlace(_ payload: OutgoingPayload, over socket: Socket) throws(TransportError) {
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
        // Once its header is accepted a payload is too, whatever the high-water mark.
        guard try socket.sent({ zmq_msg_send(part.message, socket.handle, ZMQ_DONTWAIT) }) else {
            throw .system("send a payload after its header", code: EAGAIN)
        }
    }

    func sendControl(_ bytes: [UInt8]) throws(TransportError) -> Bool {
        try control?.send(bytes) ?? false
    }

    // MARK: Closing

    func removeFiles(withDirectory: Bool) {
        for file in files { unlink(file) }
        files = []
        if withDirectory, let directory {
            unlink(String(configuration.coordinator.dropFirst(6)))
            rmdir(String(directory))
        }
    }

    func close(lingerMilliseconds: Int, isOrderly: Bool) {
        for monitor in monitors { monitor.close() }
        controlMonitor?.close()
        for socket in bound { socket.close(lingerMilliseconds: 0) }
        for socket in connected { socket?.close(lingerMilliseconds: isOrderly ? lingerMilliseconds : 0) }
        control?.close(lingerMilliseconds: hasCoordinator ? lingerMilliseconds : 0)
        context?.end()
        if let lifeline { _ = Glibc.close(lifeline) }
        lifeline = nil
    }
}
