/// How a worker introduces itself to the coordinator.
package struct Hello: Hashable, Sendable {
    package var rank: Int
    package var process: Int32
    package var host: String
    /// What both sides must agree about, as `RunDigest` lists it.
    package var values: [String]
    /// The sockets that this worker has bound for its links.
    package var sockets: [BoundSocket]
    /// With which this worker's links prove whose they are, where any has a port.
    package var key: PublicKey?

    package init(
        rank: Int, process: Int32, host: String, values: [String], sockets: [BoundSocket], key: PublicKey? = nil
    ) {
        self.rank = rank
        self.process = process
        self.host = host
        self.values = values
        self.sockets = sockets
        self.key = key
    }
}

/// One bound end of a link, and where to connect to it.
package struct BoundSocket: Hashable, Sendable {
    package enum Role: UInt8, Hashable, Sendable {
        /// Takes the link's messages: bound by its destination.
        case data = 0
        /// Takes the credit that flows back: bound by its source.
        case credit = 1
    }

    package var link: LinkDeclaration
    package var role: Role
    package var address: String

    package init(_ link: LinkDeclaration, _ role: Role, address: String) {
        self.link = link
        self.role = role
        self.address = address
    }

    /// The rank that binds it.
    package var owner: Int { role == .data ? link.destination : link.source }
    /// The rank that connects to it.
    package var visitor: Int { role == .data ? link.source : link.destination }
}
