internal import CZeroMQ

#if canImport(Glibc)
    import Glibc
#endif

/// From sockets to events.
extension SocketWire {
    /// Polls the descriptors behind the sockets and reads only those sockets whose descriptor is ready: `zmq_poll` makes two
    /// system calls for every socket before it waits, and two after.
    ///
    /// A socket's descriptor is edge-triggered: any call on the socket clears it, and messages make it ready only after the
    /// socket was read until it was empty. So each read drains its socket, and `pendingReads` lists the sockets to read
    /// whatever their descriptors say: new ones, the DEALER after each send, and the authenticator after late answers.
    func poll(milliseconds: Int, into events: inout [WireEvent]) throws(TransportError) {
        for index in pendingReads { try look(index, &events) }
        pendingReads.removeAll(keepingCapacity: true)
        let watched = watchedItems
        guard Glibc.poll(&items, nfds_t(watched), Int32(events.isEmpty ? milliseconds : 0)) >= 0 else {
            if errno == EINTR { return }
            throw .lastError("poll sockets")
        }
        for index in 0..<watched where items[index].revents != 0 { try look(index, &events) }
    }

    private func look(_ item: Int, _ events: inout [WireEvent]) throws(TransportError) {
        switch sources[item] {
        case .wakeUp: wakeUp.clear()
        case .lifeline: try readLifeline(item, &events)
        case .authenticator: tellOfStrangers(try authenticator?.serve() ?? [], &events)
        case .port(let index): tellOfStrangers(try ports[index].read(), &events)
        case .control: try receiveControl(&events)
        case .controlMonitor: try receiveControlMonitor(&events)
        case .bound(let link): try receiveFrames(link, &events)
        case .monitor(let link): try receiveMonitor(link, &events)
        case .connected(let link): if try connected[link]?.isWritable() != false { items[item].events = 0 }
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
        while let parts = try control?.receiveParts()?.parts {
            events.append(.control(parts.count == 1 ? parts[0] : []))
        }
    }

    private func receiveControlMonitor(_ events: inout [WireEvent]) throws(TransportError) {
        while let event = try controlMonitor?.next() {
            if event == .connected {
                events.append(.controlConnected)
            } else if hasCoordinator {
                // Messages sent before the end, such as its reason, are read first.
                try receiveControl(&events)
                events.append(.controlLost)
            } else if event.isFailedHandshake || event == .unreachable {
                // Before the first connection the coordinator may simply not listen yet.
                events.append(.controlFailed(event == .unreachable ? .unreachable : .refused))
            }
            hasCoordinator = event == .connected
        }
    }

    /// Those who were refused at this worker's ports. At ipc sockets it is for the peer to notice.
    private func tellOfStrangers(_ origins: [String?], _ events: inout [WireEvent]) {
        if !origins.isEmpty, !ports.isEmpty { events.append(.strangers(from: origins)) }
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
}
