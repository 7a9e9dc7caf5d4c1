/// The wire of the in-memory twin. A message that has credit is copied to the receiver, as a socket would; one that has
/// none stays where it is.
final class MemoryWire: Wire {
    private let configuration: WorkerConfiguration
    private let network: InMemoryNetwork
    let port = MemoryPort()
    private var id: UInt64 = 0
    /// The peer's port, and the place of the link in its configuration.
    private var targets: [(port: UInt64, link: Int)?]

    init(_ configuration: WorkerConfiguration, network: InMemoryNetwork) {
        self.configuration = configuration
        self.network = network
        targets = Array(repeating: nil, count: configuration.links.count)
    }

    func open() -> [BoundSocket] {
        id = network.add(port)
        if network.hasServer { port.deliver(.controlConnected) }
        return configuration.links.enumerated().map { index, link in
            BoundSocket(
                link, link.source == configuration.rank ? .credit : .data, address: "memory:\(id):\(index)")
        }
    }

    var linkKey: PublicKey? { nil }

    func connect(_ sockets: [BoundSocket], keys: [Int: PublicKey]) throws(TransportError) {
        for (index, link) in configuration.links.enumerated() {
            let role: BoundSocket.Role = link.source == configuration.rank ? .data : .credit
            guard let place = sockets.first(where: { $0.link == link && $0.role == role }) else {
                throw .links("\(link): the coordinator names no socket to connect to")
            }
            let numbers = place.address.split(separator: ":").dropFirst()
            guard numbers.count == 2, let peer = UInt64(numbers[1]), let far = Int(numbers[2]) else {
                throw .address(place.address, reason: "expected memory:PORT:LINK")
            }
            targets[index] = (peer, far)
            port.deliver(network.connect(from: id, link: index, to: peer) ? .linkConnected(index) : .linkLost(index))
        }
    }

    func poll(milliseconds: Int, into events: inout [WireEvent]) {
        port.take(milliseconds: milliseconds, into: &events)
    }

    func send(_ header: FrameHeader, payload: OutgoingPayload?, on link: Int) throws(TransportError) -> Bool {
        guard let target = targets[link], let peer = network.port(target.port) else { return false }
        guard let payload else {
            peer.deliver(.notice(link: target.link, header))
            return true
        }
        peer.deliver(.data(link: target.link, header, try MessageBuffer(copying: payload.bytes)))
        payload.release.release()
        return true
    }

    func sendControl(_ bytes: [UInt8]) -> Bool {
        network.sendToServer(bytes, from: id)
        return true
    }

    func removeFiles(withDirectory: Bool) {}

    func close(lingerMilliseconds: Int, isOrderly: Bool) {
        network.remove(id)
        var left: [WireEvent] = []
        port.take(milliseconds: 0, into: &left)
        for event in left { if case .data(_, _, let payload) = event { payload.free() } }
    }

    func wake() { port.wake() }
}
