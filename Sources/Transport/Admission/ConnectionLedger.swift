/// Which connection of the coordinator's socket belongs to which worker: a state machine without sockets.
///
/// ZeroMQ names a connection's end by its descriptor alone, and the system gives a descriptor away again as soon as it is
/// closed: a stranger's end may be told after a worker has spoken over the same number. So each acceptance of a descriptor
/// is an entry of its own, and a worker belongs to the newest that lives and has no other owner.
package struct ConnectionLedger {
    private struct Connection {
        /// Its place among all that were accepted.
        var number: Int
        var peer: Rendezvous.Peer?
        var isOver = false
        var isEvicted = false
    }

    /// By descriptor, oldest first.
    private var connections: [Int32: [Connection]] = [:]
    private var known: Set<Rendezvous.Peer> = []
    /// Those who spoke for the first time since the last `settle`.
    private var unplaced: [(peer: Rendezvous.Peer, descriptor: Int32)] = []
    private var ended: [Rendezvous.Peer] = []
    private var count = 0
    /// Whether something was told since the last `settle`.
    private var isUnsettled = false

    package init() {}

    package var hasEnded: Bool { !ended.isEmpty }

    /// Of connections that live: how many nobody has spoken over.
    package var strangers: Int { connections.values.joined().count { $0.peer == nil && !$0.isOver } }

    package mutating func spoke(_ peer: Rendezvous.Peer, over descriptor: Int32) {
        guard known.insert(peer).inserted else { return }
        isUnsettled = true
        unplaced.append((peer, descriptor))
    }

    package mutating func accepted(_ descriptor: Int32) {
        isUnsettled = true
        count += 1
        connections[descriptor, default: []].append(Connection(number: count))
    }

    /// The oldest connection of this number ended: a number is given away after that only.
    package mutating func over(_ descriptor: Int32) {
        isUnsettled = true
        guard let index = connections[descriptor]?.firstIndex(where: { !$0.isOver }) else { return }
        connections[descriptor]?[index].isOver = true
        end(connections[descriptor]?[index].peer)
    }

    /// Call when every event so far was told: connections are told of before anybody speaks over them.
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

    /// A peer whose connection is over, or that was never told of, has ended.
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

    /// Those whose connections ended: tell of them once everything that they sent was read.
    package mutating func takeEnded() -> [Rendezvous.Peer] {
        defer { ended = [] }
        return ended
    }

    /// The descriptors to shut so that at most `limit` living connections are nobody's: the oldest of them, because whoever
    /// belongs to the run proves that at once.
    package mutating func evict(beyond limit: Int) -> [Int32] {
        guard connections.count > limit else { return [] }
        let open = connections.flatMap { descriptor, list in
            list.filter { $0.peer == nil && !$0.isOver && !$0.isEvicted }.map { (descriptor, $0.number) }
        }
        let evicted = open.sorted { $0.1 < $1.1 }.prefix(max(0, open.count - limit))
        for (descriptor, number) in evicted {
            guard let index = connections[descriptor]?.firstIndex(where: { $0.number == number }) else { continue }
            connections[descriptor]?[index].isEvicted = true
        }
        return evicted.map(\.0)
    }
}
