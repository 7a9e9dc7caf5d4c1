/// What carries the coordinator's side of the control plane: a ROUTER, or memory. Used by one thread.
protocol ControlWire: AnyObject {
    /// Waits until something came in or the deadline passed, or a signal interrupted the wait.
    func poll(until deadline: UInt64, into events: inout [ControlWireEvent]) throws(TransportError)
    /// Sends to one worker; one that is gone is no error.
    func send(_ bytes: [UInt8], to peer: Rendezvous.Peer) throws(TransportError)
    /// All links are connected: nothing on disk is needed any more.
    func removeFiles()
    func close()
}

enum ControlWireEvent {
    case message(Rendezvous.Peer, [UInt8], Grant)
    case lost(Rendezvous.Peer)
    /// Connections were refused that do not belong to the run: where each came from; nil where that is not known.
    case strangers(from: [String?])
}
