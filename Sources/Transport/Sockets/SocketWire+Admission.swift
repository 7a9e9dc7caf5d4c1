/// How a worker proves itself to the coordinator and to its peers, and whom it lets in at its links.
extension SocketWire {
    /// How this worker proves to the coordinator that it belongs to the run.
    enum Proof {
        case password(RunSecret)
        case key(CurvePair, server: PublicKey)
    }

    func proof(at address: String) throws(TransportError) -> Proof {
        if address.hasPrefix("tcp://"), let keys = configuration.keys {
            return .key(keys.own, server: keys.coordinator)
        }
        guard let secret = configuration.secret else {
            throw .address(configuration.coordinator, reason: "its run's secret is not known here")
        }
        guard address.hasPrefix("tcp://") else { return .password(secret) }
        let shared = try CurvePair(secret)
        return .key(shared, server: shared.publicKey)
    }

    /// The host at which this worker's links have their ports.
    func linkHost(toward address: String) throws(TransportError) -> String {
        if let own = configuration.address {
            return try Address.host(of: Address.resolve("tcp://\(own):0", elsewhere: true))
        }
        guard address.hasPrefix("tcp://"), configuration.keys != nil else { return "127.0.0.1" }
        return try Address.local(toward: address)
    }

    /// At the port of each link its one peer is let in, and nobody else.
    func admitPeers(_ keys: [Int: PublicKey]) throws(TransportError) {
        for (index, link) in configuration.links.enumerated() where configuration.hasPort(link) {
            let peer = link.source == configuration.rank ? link.destination : link.source
            guard let key = keys[peer] else { throw .links("\(link): rank \(peer) has no key for the link's port") }
            try authenticator?.decide(.keys([key: .anyRank]), at: Terms.link(index))
        }
        // Answers that were sent may have cleared the sign of a question that came meanwhile.
        pendingReads.append(authenticatorItem)
    }

    func present(to place: BoundSocket, _ keys: [Int: PublicKey], by socket: Socket) throws(TransportError) {
        guard place.address.hasPrefix("tcp://") else {
            guard let secret = configuration.secret else {
                throw .links("\(place.link): rank \(place.owner) offers a socket that needs the run's secret")
            }
            return try Terms.presentPassword(secret, by: socket)
        }
        guard let linkPair, let key = keys[place.owner] else {
            throw .links("\(place.link): rank \(place.owner) offers a port without a key")
        }
        try Terms.presentKey(linkPair, by: socket, to: key)
    }
}
