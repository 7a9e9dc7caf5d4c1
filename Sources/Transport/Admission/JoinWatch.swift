internal import Systems

/// How a worker's connection to the coordinator stands.
package enum Contact: Hashable, Sendable {
    /// Nothing is known yet.
    case none
    /// Nothing listens at the address.
    case unreachable
    /// Something listens there, but the handshake failed.
    case refused
    case connected
}

/// How long a worker waits for its run to begin, and what it prints while it waits: a pure function of the clock.
///
/// The coordinator alone limits how long the start may take, and reports where it takes longer; a worker waits as long as
/// its connection is open. Only an unreachable coordinator makes a worker give up by itself.
package struct JoinWatch {
    let address: String
    let limit: Duration
    /// Whether the worker proves itself by a key of its own, not by the run's secret.
    let hasKeys: Bool
    private let start: UInt64
    private var sayAt: UInt64
    static let interval: UInt64 = 10_000_000_000

    package init(address: String, limit: Duration, hasKeys: Bool = false, at now: UInt64) {
        self.hasKeys = hasKeys
        self.address = address
        self.limit = limit
        start = now
        sayAt = now + Self.interval
    }

    /// When to look again at the latest.
    package func nextLook(after now: UInt64) -> UInt64 {
        let end = limit.after(start)
        return now < end ? min(sayAt, end) : sayAt
    }

    /// - Returns: what to tell the user now, if anything.
    /// - Throws: `timedOut` for a coordinator that could not be reached in time.
    package mutating func look(_ contact: Contact, at now: UInt64) throws(TransportError) -> String? {
        if contact != .connected, now >= limit.after(start) {
            throw .timedOut("\(reason(contact)); \(advice(contact))", seconds: limit.seconds)
        }
        guard now >= sayAt else { return nil }
        sayAt = now + Self.interval
        guard contact != .connected else { return "waiting for the run's other workers; \(place) is here" }
        let found = contact == .refused ? "what answers there is not this run's coordinator" : "nothing answers there"
        return "waiting for \(place): \(found); \(advice(contact))"
    }

    private var place: String { "the coordinator at \(address.printable(limit: 300))" }

    private func reason(_ contact: Contact) -> String {
        contact == .refused
            ? "what answers at \(address.printable(limit: 300)) is not this run's coordinator"
            : "no coordinator answered at \(address.printable(limit: 300))"
    }

    private func advice(_ contact: Contact) -> String {
        switch (contact, hasKeys) {
        case (.refused, true):
            "it did not accept this worker's key: its train and this worker need files of one `echelon keys`"
        case (.refused, false):
            "it did not accept the run's secret: take address and pipeline from the line that its train printed"
        default: "compare the port with the line that train printed, and see that it still runs"
        }
    }
}
