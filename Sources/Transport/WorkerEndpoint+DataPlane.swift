import Systems

extension WorkerEndpoint {
    package func send(
        link: Int, header: FrameHeader, payload: UnsafeRawBufferPointer, more: Bool
    ) throws(TransportError) -> SendTicket {
        let index = index(of: link, outgoing: true)
        let declaration = configuration.links[index]
        precondition(payload.count <= declaration.maxPayload, "\(declaration): a payload of \(payload.count) bytes")
        precondition(payload.count == header.payloadLength, "\(declaration): the header announces another length")
        var header = header
        header.payloadCRC = CRC32C.checksum(payload)
        header.sentAt = MonotonicClock.now
        let number = try state.withLock { (state) throws(TransportError) -> UInt64 in
            if let failure = state.failure { throw failure }
            precondition(state.stage == .running, "a message before the coordinator said go")
            if state.links[index].isOver { throw .peerLeft(rank: declaration.destination, link: link) }
            complete(&header, link: declaration, sequence: state.links[index].sending.sent, runID: state.runID)
            return state.links[index].enqueue(OutgoingMessage(header: header, payload: payload))
        }
        status.advance()
        if !more { wake() }
        return SendTicket(state: state, status: status, link: index, number: number)
    }

    /// Behind messages that others were to follow.
    package func wakeNetwork() { wake() }

    package func hasMessage(link: Int) -> Bool {
        let index = index(of: link, outgoing: false)
        return state.withLock { !$0.links[index].receiving.arrivals.isEmpty }
    }

    package func nextHeader(link: Int) -> FrameHeader? {
        let index = index(of: link, outgoing: false)
        return state.withLock { $0.links[index].receiving.arrivals.first?.header }
    }

    @discardableResult
    package func receive(
        link: Int, expecting: FrameHeader, shape: (FrameHeader) -> FrameHeader?,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(TransportError) -> FrameHeader {
        let index = index(of: link, outgoing: false)
        let declaration = configuration.links[index]
        let (header, payload, sequence) = try nextArrival(index, expecting)
        defer { payload.free() }
        var expected = shape(header) ?? expecting
        complete(&expected, link: declaration, sequence: sequence, runID: runID)
        do throws(TransportError) { try verify(header, payload.bytes, expected, declaration) } catch {
            state.update { $0.fail(error) }
            throw error
        }
        body(payload.bytes)
        let owesCredit = state.withLock { state in
            state.links[index].receiving.consumed += 1
            state.links[index].counters.messages += 1
            state.links[index].counters.bytes += header.payloadLength
            return state.links[index].owesCredit
        }
        status.advance()
        if owesCredit { wake() }
        return header
    }

    /// What the link knows of each of its messages.
    private func complete(_ header: inout FrameHeader, link: LinkDeclaration, sequence: UInt64, runID: UInt64) {
        header.runID = runID
        header.epoch = configuration.epoch
        header.source = link.source
        header.destination = link.destination
        header.sequence = sequence
    }

    private typealias Arrival = (header: FrameHeader, payload: MessageBuffer, sequence: UInt64)

    private func nextArrival(_ link: Int, _ expecting: FrameHeader) throws(TransportError) -> Arrival {
        if let arrival = try state.withLock({ (state) throws(TransportError) in try pop(link, from: &state) }) {
            return arrival
        }
        let source = configuration.links[link].source
        status.set(phase: .receiving(from: source, expecting.name))
        defer { status.set(phase: .computing) }
        let arrival = try state.wait(spinTime: configuration.spinTime) { (state) throws(TransportError) in
            try pop(link, from: &state)
        }
        guard let arrival else { preconditionFailure("a wait without deadline ended without a message") }
        return arrival
    }

    private func pop(_ link: Int, from state: inout EndpointState) throws(TransportError) -> Arrival? {
        if let failure = state.failure { throw failure }
        let sequence = state.links[link].receiving.consumed
        if let (header, payload) = state.links[link].receiving.arrivals.popFirst() {
            return (header, payload, sequence)
        }
        guard state.links[link].isOver else { return nil }
        let left = TransportError.peerLeft(rank: state.links[link].peer, link: state.links[link].declaration.id)
        state.fail(left)
        throw left
    }

    private func verify(
        _ header: FrameHeader, _ payload: UnsafeRawBufferPointer, _ expected: FrameHeader, _ link: LinkDeclaration
    ) throws(TransportError) {
        if !header.matches(expected), let differences = header.mismatch(expected: expected) {
            throw .mismatch(
                link: link.id, source: link.source, destination: link.destination, differences: differences)
        }
        let crc = CRC32C.checksum(payload)
        guard crc == header.payloadCRC else {
            throw .corrupt(
                link: link.id, source: link.source, destination: link.destination, message: "\(header)",
                expected: header.payloadCRC, got: crc)
        }
    }
}
