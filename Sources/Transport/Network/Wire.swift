import Systems

/// What carries an endpoint's bytes: ZeroMQ sockets, or memory. Links are named by their place in the configuration.
///
/// All methods but `wake` are called by the endpoint's network thread alone.
protocol Wire: AnyObject {
    /// Binds the sockets of all links and begins to connect to the coordinator.
    func open() throws(TransportError) -> [BoundSocket]
    /// With which this endpoint's links prove whose they are, where any has a port; known once the wire is open.
    var linkKey: PublicKey? { get }
    /// Connects to the peers' sockets, and lets them in at this endpoint's own.
    /// - Parameter keys: the peers', by rank, as far as they have any.
    func connect(_ sockets: [BoundSocket], keys: [Int: PublicKey]) throws(TransportError)
    /// Waits until something happens or `wake` is called, and appends what happened.
    func poll(milliseconds: Int, into events: inout [WireEvent]) throws(TransportError)
    /// Sends a message, or with no payload a credit or goodbye; false where it has to be tried again after a poll.
    func send(_ header: FrameHeader, payload: OutgoingPayload?, on link: Int) throws(TransportError) -> Bool
    /// False where it has to be tried again after a poll.
    func sendControl(_ bytes: [UInt8]) throws(TransportError) -> Bool
    /// Removes what this endpoint has put on disk; `withDirectory`, what a dead coordinator left there too.
    func removeFiles(withDirectory: Bool)
    /// Ends everything. Control messages may take until `linger` to leave; goodbyes too, where the end `isOrderly`.
    func close(lingerMilliseconds: Int, isOrderly: Bool)
    /// Makes `poll` return. From any thread.
    func wake()
}

/// Bytes to send without copying, and the counter to raise when they are no longer needed.
struct OutgoingPayload {
    var bytes: UnsafeRawBufferPointer
    var release: ReleaseCounter
}

enum WireEvent {
    /// A message, on an incoming link.
    case data(link: Int, FrameHeader, MessageBuffer)
    /// A frame without payload: credit or goodbye.
    case notice(link: Int, FrameHeader)
    case control([UInt8])
    case controlConnected
    /// The connection to the coordinator could not be made, this time.
    case controlFailed(Contact)
    /// Connections to a port of this worker were refused: where each came from; nil where that is not known.
    case strangers(from: [String?])
    case controlLost
    case lifelineEnded
    case linkConnected(Int)
    /// The connection that this side made for the link ended, or could not be made.
    case linkLost(Int)
    /// Bytes that are not a message came over a link.
    case broken(link: Int, TransportError)
}

/// Counts the buffers of one link that the wire has given back.
final class ReleaseCounter: Sendable {
    private let state: Shared<EndpointState>
    private let link: Int

    init(_ state: Shared<EndpointState>, link: Int) {
        self.state = state
        self.link = link
    }

    func release() { state.update { $0.links[link].sending.released += 1 } }
}
