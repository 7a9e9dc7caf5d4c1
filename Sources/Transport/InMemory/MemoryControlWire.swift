/// The coordinator's side of the in-memory twin.
final class MemoryControlWire: ControlWire {
    private let network: InMemoryNetwork
    private let port = MemoryServerPort()

    init(_ network: InMemoryNetwork) {
        self.network = network
        network.add(port)
    }

    func poll(until deadline: UInt64, into events: inout [ControlWireEvent]) {
        for item in port.take(until: deadline) {
            switch item {
            case .message(let id, let bytes): events.append(.message(peer(id), bytes, .anyRank))
            case .lost(let id): events.append(.lost(peer(id)))
            }
        }
    }

    func send(_ bytes: [UInt8], to peer: Rendezvous.Peer) {
        let id = peer.bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        network.port(id)?.deliver(.control(bytes))
    }

    private func peer(_ id: UInt64) -> Rendezvous.Peer {
        Rendezvous.Peer(withUnsafeBytes(of: id.bigEndian) { Array($0) })
    }

    func removeFiles() {}
    func close() { network.removeServer() }
}
