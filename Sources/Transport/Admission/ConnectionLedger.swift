/// Which connection of the coordinator's socket belongs to which worker: a state machine without sockets.
///
/// ZeroMQ's monitor names a connection by its descriptor alone, and the system reuses a descriptor as soon as it is closed:
/// the end of an unknown peer's connection may be reported after a worker has sent over the same number. So each acceptance
/// of a descriptor is an entry of its own, and a worker belongs to the newest open one that has no owner.
package struct ConnectionLedger {
    private struct Connection {
        /// Its place among all that were accepted.
        var number: Int
        var peer: Rendezvous.Peer?
        /// Where it came from, where that is known.
        var origin: String?
        var isOver = false
        /// It is shut already, or is not to be.
        var isExempt = false
    }

    /// By descriptor, oldest first.
    private var connections: [Int32: [Connection]] = [:]
    private var known: Set<Rendezvous.Peer> = []
    /// Peers whose first message came since the last `settle`.
    private var unplaced: [(peer: Rendezvous.Peer, descriptor: Int32)] = []
    private var ended: [Rendezvous.Peer] = []
    private var count = 0
    /// A handshake failed: at the connection that ends next.
    private var hasFailed = false
    private var refusals: [String?] = []
    /// Whether any event came since the last `settle`.
    private var isUnsettled = false

    package init() {}

    package var hasEnded: Bool { !ended.isEmpty }

    /// How many open connections have carried no message.
    package var strangers: Int { connections.values.joined().count { $0.peer == nil && !$0.isOver } }

    package mutating func spoke(_ peer: Rendezvous.Peer, over descriptor: Int32) {
        guard known.insert(peer).inserted else { return }
        isUnsettled = true
        unplaced.append((peer, descriptor))
    }

    /// - Parameter origin: where the connection came from.
    package mutating func accepted(_ descriptor: Int32, from origin: String? = nil) {
        isUnsettled = true
        count += 1
        connections[descriptor, default: []].append(Connection(number: count, origin: origin))
    }

    /// A handshake failed. The monitor does not say of which connection, but the next to end is that one: both are reported
    /// by the one thread that moves all connections, one after the other.
    package mutating func failed() { hasFailed = true }

    /// Where those came from whose handshakes failed since the last call; nil where that is not known.
    package mutating func takeRefusals() -> [String?] {
        defer { refusals = [] }
        return refusals
    }

    /// All open connections belong to the run: those of a link's port, once its only peer is there.
    package mutating func admitAll() {
        for descriptor in connections.keys {
            for index in connections[descriptor]?.indices ?? 0..<0 { connections[descriptor]?[index].isExempt = true }
        }
    }

    /// The oldest connection of this number ended: a number is reused only after that.
    package mutating func over(_ descriptor: Int32) {
        isUnsettled = true
        let first = connections[descriptor]?.firstIndex { !$0.isOver }
        if hasFailed { refusals.append(first.flatMap { connections[descriptor]?[$0].origin }) }
        hasFailed = false
        guard let index = first else { return }
        connections[descriptor]?[index].isOver = true
        end(connections[descriptor]?[index].peer)
    }

    /// Call after all events so far: a connection's acceptance is reported before messages that came over it.
    package mutating func settle() {
        guard isUnsettled else { return }
        isUnsettled = false
        for (peer, descriptor) in unplaced { place(peer, descriptor) }
        unplaced = []
        for (descriptor, list) in connections {
            let living = list.filter { !$0.isOver }
            connections[descriptor] = living.isEmpty ? nil : living
        }
    }

    /// A peer whose connection is over, or was never reported, has ended.
    private mutating func place(_ peer: Rendezvous.Peer, _ descriptor: Int32) {
        let list = connections[descriptor] ?? []
        guard let index = list.lastIndex(where: { $0.peer == nil && !$0.isOver }) else { return end(peer) }
        connections[descriptor]?[index].peer = peer
    }

    private mutating func end(_ peer: Rendezvous.Peer?) {
        guard let peer else { return }
        known.remove(peer)
        ended.append(peer)
    }

    /// The peers whose connections ended; report them once everything that they sent was read.
    package mutating func takeEnded() -> [Rendezvous.Peer] {
        defer { ended = [] }
        return ended
    }

    /// The descriptors to shut so that at most `limit` open connections have no owner: the oldest, because a worker of the
    /// run authenticates at once.
    package mutating func evict(beyond limit: Int) -> [Int32] {
        guard connections.count > limit else { return [] }
        let open = connections.flatMap { descriptor, list in
            list.filter { $0.peer == nil && !$0.isOver && !$0.isExempt }.map { (descriptor, $0.number) }
        }
        let evicted = open.sorted { $0.1 < $1.1 }.prefix(max(0, open.count - limit))
        for (descriptor, number) in evicted {
            guard let index = connections[descriptor]?.firstIndex(where: { $0.number == number }) else { continue }
            connections[descriptor]?[index].isExempt = true
        }
        return evicted.map(\.0)
    }
}
