import Systems

/// The data links of one worker, as its compute thread sees them.
///
/// Every wait ends with the plane's first failure: a lost peer, a message that is not the expected one, an abort.
package protocol DataPlane: AnyObject, Sendable {
    /// Hands a message to a link and returns at once; without credit it waits in the network thread's list.
    ///
    /// - Parameter more: whether another message follows at once: then the network thread is woken for both together.
    /// The payload's bytes must stay as they are until `SendTicket.isFree`; after a failure, until the endpoint is closed.
    /// - Precondition: `link` starts here, `header.payloadLength` is `payload.count`, at most the link's largest payload.
    func send(
        link: Int, header: FrameHeader, payload: UnsafeRawBufferPointer, more: Bool
    ) throws(TransportError) -> SendTicket

    /// Whether the link's next message is there already, so that `receive` need not wait.
    func hasMessage(link: Int) -> Bool

    /// The header of the link's next message, unverified; nil where none has come.
    func nextHeader(link: Int) -> FrameHeader?

    /// Waits for the link's next message, compares its header with `expecting` field by field, verifies the payload's
    /// CRC32C, gives the payload to `body` (which copies it where it belongs) and returns a credit to the sender.
    ///
    /// - Parameter shape: given the header that came, the one to compare it with, where messages of several shapes may come;
    ///   nil: `expecting`.
    /// - Returns: the header as received, with `sentAt`.
    @discardableResult
    func receive(
        link: Int, expecting: FrameHeader, shape: (FrameHeader) -> FrameHeader?,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(TransportError) -> FrameHeader
}

extension DataPlane {
    /// A message that nothing follows at once.
    package func send(
        link: Int, header: FrameHeader, payload: UnsafeRawBufferPointer
    ) throws(TransportError) -> SendTicket {
        try send(link: link, header: header, payload: payload, more: false)
    }

    /// A message of one shape.
    @discardableResult
    package func receive(
        link: Int, expecting: FrameHeader, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(TransportError) -> FrameHeader {
        try receive(link: link, expecting: expecting, shape: { _ in nil }, body)
    }
}

/// Tells when the bytes of one sent message may be overwritten. Needs no clean-up: a ticket may be dropped.
package struct SendTicket: Sendable {
    let state: Shared<EndpointState>
    let status: StatusBoard
    let link: Int
    /// The message's place on its link, counted from 1.
    let number: UInt64

    package var isFree: Bool { state.withLock { $0.links[link].sending.released >= number } }

    /// Whether the message has not left because its receiver has no room for it yet.
    package var lacksCredit: Bool {
        state.withLock { state in
            let sending = state.links[link].sending
            return sending.dispatched < number && !state.links[link].hasCredit
        }
    }

    /// Blocks until the buffer may be reused; throws the plane's first failure.
    package func wait() throws(TransportError) {
        if isFree { return }
        let peer = state.withLock { $0.links[link].declaration.destination }
        status.set(phase: .sending(to: peer))
        defer { status.set(phase: .computing) }
        _ = try state.wait { (state) throws(TransportError) -> Void? in
            if state.links[link].sending.released >= number { return () }
            if let failure = state.failure { throw failure }
            return nil
        }
    }
}
