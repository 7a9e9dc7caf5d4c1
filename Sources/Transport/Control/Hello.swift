/// How a worker introduces itself to the coordinator.
public struct Hello: Hashable, Sendable {
    public var rank: Int
    public var process: Int32
    public var host: String
    /// What both sides must agree about, as `RunDigest` lists it.
    public var values: [String]
    /// The sockets that this worker has bound for its links.
    public var sockets: [BoundSocket]

    public init(rank: Int, process: Int32, host: String, values: [String], sockets: [BoundSocket]) {
        self.rank = rank
        self.process = process
        self.host = host
        self.values = values
        self.sockets = sockets
    }
}

/// One bound end of a link, and where to connect to it.
public struct BoundSocket: Hashable, Sendable {
    public enum Role: UInt8, Hashable, Sendable {
        /// Takes the link's messages: bound by its destination.
        case data = 0
        /// Takes the credit that flows back: bound by its source.
        case credit = 1
    }

    public var link: LinkDeclaration
    public var role: Role
    public var address: String

    public init(_ link: LinkDeclaration, _ role: Role, address: String) {
        self.link = link
        self.role = role
        self.address = address
    }

    /// The rank that binds it.
    public var owner: Int { role == .data ? link.destination : link.source }
    /// The rank that connects to it.
    public var visitor: Int { role == .data ? link.source : link.destination }
}
