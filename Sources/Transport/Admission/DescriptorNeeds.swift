internal import Systems

/// How many descriptors the sockets of a process take, so that a limit that is too low is found before anything starts.
/// ZeroMQ aborts the process where it gets none.
package enum DescriptorNeeds {
    /// A context with its authenticator: two threads with a mailbox and a poller each, two mailboxes.
    static let context = 6
    /// Each socket has a mailbox.
    private static let socket = 1
    private static let connection = 1
    private static let monitor = 2 * socket

    /// The coordinator's: a socket with its addresses, its monitor, and a connection for each rank.
    package static func coordinator(world: Int) -> Int {
        context + socket + 2 * connection + monitor + world * connection
    }

    /// Unauthenticated connections that a coordinator with a port may hold for a moment.
    package static let strangers = SocketControlWire.strangers

    /// A worker's: its connection to the coordinator, and at its end of each link a bound socket with its peer (monitored
    /// where it has a port) and a connected one.
    /// - Parameter ports: how many of the links may have a port at this end.
    package static func worker(links: Int, ports: Int) -> Int {
        let bound = socket + 2 * connection
        let connected = socket + connection + monitor
        return context + 1 + socket + connection + monitor + links * (bound + connected) + ports * monitor
    }

    /// Throws where this process has no room for so many more.
    static func check(_ needed: Int) throws(TransportError) {
        let room = DescriptorLimit.room
        guard room >= needed else { throw .descriptors(needed: needed, room: room) }
    }
}
