import Systems

/// When each rank last sent a heartbeat, and which have been silent for too long: a pure function of the clock.
package struct Liveness: Hashable, Sendable {
    /// A rank is dead after this many nanoseconds without a heartbeat.
    package var heartbeatTimeout: UInt64
    private var seen: [UInt64?]

    package init(world: Int, heartbeatTimeout: Duration = .seconds(5)) {
        self.heartbeatTimeout = heartbeatTimeout.nanoseconds
        seen = Array(repeating: nil, count: world)
    }

    package mutating func heard(_ rank: Int, at now: UInt64) { seen[rank] = now }

    /// No heartbeats are expected any more: it said goodbye, or is known to be gone.
    package mutating func forget(_ rank: Int) { seen[rank] = nil }

    package func lastSeen(_ rank: Int) -> UInt64? { seen[rank] }

    /// Nanoseconds since this rank was heard of; 0 for one that is not expected to be.
    package func silence(of rank: Int, at now: UInt64) -> UInt64 {
        guard let last = seen[rank], now > last else { return 0 }
        return now - last
    }

    package func silentRanks(at now: UInt64) -> [Int] {
        seen.indices.filter { silence(of: $0, at: now) > heartbeatTimeout }
    }
}
