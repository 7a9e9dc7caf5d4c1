import Systems

#if canImport(Glibc)
    import Glibc
#endif

/// What a worker's endpoint has to know.
package struct WorkerConfiguration: Sendable {
    package var rank: Int
    /// The coordinator's address: `ipc:///…` from `ControlServer.ipcAddress`, or `tcp://HOST:PORT` with a name or number of
    /// this machine, with keys of any.
    package var coordinator: String
    /// Must equal the coordinator's for this rank.
    package var digest: RunDigest
    /// The coordinator's. Needed on sockets unless there are keys; the in-memory twin checks no secret.
    package var secret: RunSecret?
    /// With which this worker proves its rank to the coordinator's port, instead of with the secret.
    package var keys: WorkerKeys?
    /// This machine's address, at which links with a port are bound and peers reach them; nil: that from which this machine
    /// reaches the coordinator.
    package var address: String?
    /// The peers that are not in the directory of ipc sockets: links to them have ports. A worker that reaches its
    /// coordinator over TCP has no others.
    package var distant: Set<Int> = []
    /// All links that begin or end at this rank.
    package var links: [LinkDeclaration]
    /// nil: learn it from the coordinator.
    package var runID: UInt64?
    package var epoch: UInt32 = 0
    package var heartbeat: Duration = .seconds(1)
    /// How long a wait for a message spins before it blocks; zero where workers share a core.
    package var spinTime: Duration = .zero
    /// A descriptor that reads end-of-file when the coordinator is gone. The endpoint closes it.
    package var lifeline: Int32?
    /// Called once, on the network thread, when the coordinator is gone and this worker's socket files are removed.
    /// It may end the process, but not close the endpoint.
    package var onCoordinatorGone: (@Sendable () -> Void)?
    /// Called on the network thread, at a limited rate, with a sentence about peers that were refused at this worker's ports.
    package var note: (@Sendable (String) -> Void)?
    /// Changes the headers of messages as they leave: for tests that break the protocol.
    package var tamper: (@Sendable (inout FrameHeader) -> Void)?
    /// What this worker's events are timed with, in nanoseconds.
    package var clock: @Sendable () -> UInt64 = { MonotonicClock.now }
    package var process: Int32 = getpid()
    package var host: String = WorkerConfiguration.hostName()

    package init(rank: Int, coordinator: String, digest: RunDigest, links: [LinkDeclaration]) {
        self.rank = rank
        self.coordinator = coordinator
        self.digest = digest
        self.links = links
    }

    /// This machine's name.
    package static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether this end of a link has a port.
    func hasPort(_ link: LinkDeclaration) -> Bool {
        !coordinator.hasPrefix("ipc://") || distant.contains(link.source == rank ? link.destination : link.source)
    }

    /// Throws for what a user can write; link lists are the program's own.
    func check() throws(TransportError) {
        guard rank >= 0, rank < Int(UInt32.max) else { throw .refused("rank \(rank) is not a rank") }
        for link in links {
            precondition(link.source == rank || link.destination == rank, "\(link) is not rank \(rank)'s")
        }
        let names = Set(links.map { [$0.id, $0.source == rank ? 1 : 0] })
        precondition(names.count == links.count, "two links of rank \(rank) have the same name")
    }
}
