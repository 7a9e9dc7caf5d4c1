import Glibc
import Planning
package import Runs
import Systems
import Transport
import Workers

/// One host's part of measuring links, in a process of its own: `LinkRun` starts it.
package enum LinkWorker {
    static let digest: RunDigest = "links"
    /// Of a message whose bytes take no time.
    private static let small = 1 << 10
    private static let rounds = 12
    private static let warmup = 8
    /// Large messages in a row: a stage has about two micro-batches on their way.
    private static let inFlight = 2
    /// Nanoseconds.
    private static let patience: UInt64 = 4_000_000_000

    /// - Parameters:
    ///   - bytes: of a large message.
    ///   - address: this host's, where the others reach it; nil: that from which it reaches the coordinator.
    package static func run(
        rank: Int, world: Int, bytes: Int, coordinator: String, address: String?
    ) throws(RunFailure) {
        TransportTuning.apply()
        var configuration = WorkerConfiguration(
            rank: rank, coordinator: coordinator, digest: digest, links: links(of: rank, world: world, bytes: bytes))
        let keys = try WorkerKeyVariable.take(rank: rank)
        if coordinator.hasPrefix("tcp://") {
            configuration.keys = keys
        } else {
            configuration.secret = SecretFile.takeInherited()
            configuration.distant = Set(0..<world).subtracting([rank])
        }
        configuration.address = address
        configuration.lifeline = STDIN_FILENO
        configuration.onCoordinatorGone = { _exit(ExitCode.interrupted.rawValue) }
        let endpoint = WorkerEndpoint(configuration)
        do { try endpoint.start() } catch { throw RunFailure(wrapping: error) }
        try endpoint.serve {
            try endpoint.awaitGo()
            try obey(endpoint, rank: rank, world: world, bytes: bytes)
        }
    }

    /// To and from all others.
    static func links(of rank: Int, world: Int, bytes: Int) -> [LinkDeclaration] {
        (0..<world).filter { $0 != rank }.flatMap { other in
            [(rank, other), (other, rank)].map { from, to in
                LinkDeclaration(
                    id: from * world + to, from: from, to: to, depth: inFlight, maxPayload: max(bytes, small))
            }
        }
    }

    private static func obey(_ endpoint: WorkerEndpoint, rank: Int, world: Int, bytes: Int) throws {
        let probe = Probe(endpoint: endpoint, rank: rank, world: world, bytes: max(bytes, small))
        defer { probe.buffer.deallocate() }
        while true {
            guard let text = try endpoint.receiveApplication() else {
                throw RunFailure(.interrupted, "the command that measures fell silent")
            }
            switch try LinkMessage(text) {
            case .measure(let first, let second):
                let speed = first == rank ? try probe.lead(to: second) : try probe.follow(first)
                endpoint.sendApplication(try LinkMessage.measured(speed).encoded())
            case .end: return
            case .measured: throw RunFailure(.bug, "the command that measures sent a result")
            }
        }
    }

    /// Messages of one process to and from another. The micro-batch of each is how many of its row are left, 0 at the very end.
    private struct Probe {
        let endpoint: WorkerEndpoint
        let rank: Int
        let world: Int
        let bytes: Int
        let buffer: UnsafeMutableRawBufferPointer

        init(endpoint: WorkerEndpoint, rank: Int, world: Int, bytes: Int) {
            (self.endpoint, self.rank, self.world, self.bytes) = (endpoint, rank, world, bytes)
            buffer = .allocate(byteCount: bytes, alignment: 64)
            buffer.initializeMemory(as: UInt8.self, repeating: 1)
        }

        func lead(to peer: Int) throws -> LinkRun.Speed? {
            // As a step sends them: a few on their way at once, so that a connection is as busy as it will be then.
            func middle(_ count: Int, _ size: Int) throws -> Double {
                var seconds = try (0..<warmup).map { _ in try there(count, size, and: peer) }
                // A connection finds out over many messages how fast it may send: until it gets no faster.
                let start = MonotonicClock.now
                var best = Double.infinity
                while let last = seconds.suffix(warmup).min(), last < best * 0.97, MonotonicClock.now - start < patience
                {
                    best = min(best, last)
                    seconds += try (0..<warmup).map { _ in try there(count, size, and: peer) }
                }
                return LayerProfiler.middle(try (0..<rounds).map { _ in try there(count, size, and: peer) })
            }
            let answered = try middle(1, small)
            let passing = max(try middle(inFlight, bytes) - answered, 1e-9)
            try send(0, small, to: peer)
            return LinkRun.Speed(
                seconds: answered / 2, bytesPerSecond: Double(max(inFlight * bytes - small, 1)) / passing)
        }

        /// Seconds of so many messages to another, and its small answer to the last.
        private func there(_ count: Int, _ size: Int, and peer: Int) throws -> Double {
            let start = MonotonicClock.now
            for index in 0..<count { try send(count - index, size, to: peer) }
            _ = try receive(small, from: peer)
            return Double(MonotonicClock.now - start) / 1e9
        }

        func follow(_ peer: Int) throws -> LinkRun.Speed? {
            while true {
                let left = try receive(nil, from: peer)
                if left == 0 { return nil }
                if left == 1 { try send(1, small, to: peer) }
            }
        }

        /// - Parameter microBatch: how many of its row are left with it; 0: it is the last of all.
        private func send(_ microBatch: Int, _ size: Int, to peer: Int) throws {
            let header = FrameHeader(.activation, microBatch: microBatch, shape: [size], payloadLength: size)
            // The buffer never changes: nobody waits until it is sent.
            _ = try endpoint.send(
                link: rank * world + peer, header: header, payload: UnsafeRawBufferPointer(rebasing: buffer[..<size]),
                more: false)
        }

        /// - Parameter size: nil: whatever comes.
        /// - Returns: the message's micro-batch.
        private func receive(_ size: Int?, from peer: Int) throws -> Int {
            let usual = FrameHeader(.activation, microBatch: 1, shape: [small], payloadLength: small)
            return try endpoint.receive(
                link: peer * world + rank, expecting: usual,
                shape: { header in
                    FrameHeader(
                        .activation, microBatch: header.microBatch, shape: [header.payloadLength],
                        payloadLength: header.payloadLength)
                }, { _ in }
            ).microBatch
        }
    }
}
