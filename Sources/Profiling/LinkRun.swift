package import Coordination
import Foundation
import Glibc
package import Manifests
import Planning
package import Runs
import Systems
import Transport

/// Measures what joins the hosts of a run: a process on each, and messages there and back between any two of them.
///
/// Pairs that have no host in common measure at the same time, so that n hosts take n rounds.
package final class LinkRun {
    /// Of messages one way.
    package struct Speed: Codable, Hashable, Sendable {
        /// Of a message without bytes, until it is there.
        package var seconds: Double
        package var bytesPerSecond: Double
    }

    private let hosts: [String]
    private let cluster: Cluster
    private let shell: RemoteShell
    private let bytes: Int
    /// Of what each process says, beside messages.
    private let folder: OwnedFolder
    private let server: ControlServer
    private let pool: WorkerPool
    private let environment: [String: String]
    private var logs: [Int: Int32] = [:]
    private var left: Set<Int> = []
    private var rounds: [[(first: Int, second: Int)]]
    /// What this round waits for.
    private var measuring: Set<Int> = []
    private var speeds: [PipelineManifest.Links.Pair: PipelineManifest.Links.Speed] = [:]
    private var clock = ListeningClock()
    private var liveness: Liveness
    private var evidence = FailureEvidence()

    /// A message that a step sends, at most.
    private static let largest = 4 << 20
    private static let smallest = 16 << 10

    /// - Parameter bytes: of the messages that are to pass.
    /// - Throws: bad input: no way to a host; interrupted: by the user, or because a process there ended.
    package static func measure(
        _ cluster: Cluster, bytes: Int
    ) throws(RunFailure) -> PipelineManifest.Links {
        guard case .shell(let shell) = cluster.way else { return PipelineManifest.Links(usual: nil) }
        do {
            return try LinkRun(cluster, shell, bytes: min(max(bytes, smallest), largest)).measure()
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    private init(_ cluster: Cluster, _ shell: RemoteShell, bytes: Int) throws {
        (self.cluster, self.shell, self.bytes) = (cluster, shell, bytes)
        hosts = cluster.distinctHosts
        rounds = Self.rounds(of: hosts.count)
        environment = try EnvironmentFile.load()
        pool = try WorkerPool(environment: environment)
        var configuration = ControlServer.Configuration(world: hosts.count, digest: LinkWorker.digest)
        configuration.socketParent = try ScratchFolder.parentForSockets()
        configuration.keys = try cluster.keys.coordinator(ranks: Array(hosts.indices))
        if let address = cluster.address { configuration.tcpAddress = "tcp://\(try HandEntrance.host(address)):0" }
        liveness = Liveness(world: hosts.count, heartbeatTimeout: configuration.heartbeatTimeout)
        server = try ControlServer(configuration)
        do { folder = try OwnedFolder("echelon-links") } catch {
            server.close()
            throw error
        }
    }

    /// All pairs, each once, so that no host is in two pairs of a round: one stands still, and the others go around it.
    package static func rounds(of count: Int) -> [[(first: Int, second: Int)]] {
        let even = count + count % 2
        return (0..<max(even - 1, 0)).map { round in
            let circle = [0] + (0..<even - 1).map { 1 + ($0 + round) % (even - 1) }
            return (0..<even / 2).compactMap { index in
                let pair = [circle[index], circle[even - 1 - index]].sorted()
                return pair[1] < count ? (pair[0], pair[1]) : nil
            }
        }
    }

    private func measure() throws -> PipelineManifest.Links {
        defer { clear() }
        for rank in hosts.indices { try start(rank) }
        while left.count < hosts.count {
            let events: [ControlEvent]
            do throws(TransportError) { events = try server.poll(timeout: .milliseconds(20)) } catch {
                guard case .missingRanks(let ranks, _, _, let seconds) = error else { throw error }
                throw RunFailure(
                    .interrupted,
                    "measuring links: nothing came from \(ranks.map(name).joined(separator: ", ")) within \(Int(seconds)) s: "
                        + "is it there, and does ssh reach it?")
            }
            clock.tick(at: MonotonicClock.now)
            for event in events { try handle(event) }
            try checkHealth()
        }
        return PipelineManifest.Links(usual: nil, between: speeds)
    }

    private func start(_ rank: Int) throws {
        let path = "\(folder.path)/\(rank).log"
        let log = try WorkerPool.log(path)
        unlink(path)
        logs[rank] = log
        var arguments = ["measure-link", "--rank", "\(rank)", "--world", "\(hosts.count)", "--bytes", "\(bytes)"]
        guard hosts[rank] != "" else {
            arguments += ["--coordinator", server.ipcAddress]
            if let host = server.linkHost { arguments += ["--address", host] }
            return try pool.start(rank, arguments, threads: 1, log: log, secret: server.configuration.secret)
        }
        arguments += ["--coordinator", server.tcpAddress ?? ""]
        let command = shell.command(
            host: hosts[rank], folder: String(try File.absolute("").dropLast()), program: Program.path,
            arguments: arguments)
        var variables = environment
        variables[WorkerKeyVariable.name] = WorkerKeyVariable.text(try cluster.keys.worker(rank))
        try pool.start(rank, by: command, handing: try RemoteShell.handOver(variables), log: log)
    }

    private func checkHealth() throws(RunFailure) {
        pool.pauseIfAsked()
        guard Interrupts.count == 0 else {
            throw RunFailure(.interrupted, "interrupted while the links between hosts were measured")
        }
        for (rank, ending) in pool.reap() where ending != .exited(0) && !left.contains(rank) {
            add(FailureEvidence.Sign(ending), rank)
        }
        for rank in liveness.silentRanks(at: clock.now) {
            add(.silent(Double(liveness.silence(of: rank, at: clock.now)) / 1e9), rank)
        }
        if let cause = evidence.certainCause(at: clock.now) { throw failure(cause.rank, cause.sign) }
    }

    private func add(_ sign: FailureEvidence.Sign, _ rank: Int) {
        liveness.forget(rank)
        evidence.add(sign, rank: rank, at: clock.now)
    }

    private func name(_ rank: Int) -> String { hosts[rank] == "" ? PipelineManifest.Links.own : hosts[rank] }

    private func failure(_ rank: Int, _ sign: FailureEvidence.Sign) -> RunFailure {
        let advice = "with `links` in the pipeline nothing is measured"
        switch sign {
        case .reported(let failure, isPeerLoss: _): return failure
        case .silent(let seconds), .stopped(let seconds), .stuck(let seconds, deadline: _):
            return RunFailure(
                .interrupted,
                "measuring links: the process on \(name(rank)) has not been heard of for \(Int(seconds)) s. Try again; \(advice)"
            )
        case .killed, .exited, .disconnected:
            let tail = logs[rank].flatMap { LogTail.read($0) }.map { ":\n\($0)" } ?? ""
            return RunFailure(
                .interrupted, "measuring links: the process on \(name(rank)) ended early (\(advice))\(tail)")
        }
    }

    private func handle(_ event: ControlEvent) throws {
        switch event {
        case .go:
            for rank in hosts.indices { liveness.heard(rank, at: clock.now) }
            try nextRound()
        case .status(let rank, _): liveness.heard(rank, at: clock.now)
        case .message(let rank, let bytes):
            liveness.heard(rank, at: clock.now)
            guard case .measured(let speed) = try LinkMessage(bytes) else {
                throw RunFailure(.bug, "a process that measures links gave an order")
            }
            try add(speed, from: rank)
        case .goodbye(let rank):
            left.insert(rank)
            liveness.forget(rank)
        case .failed(let rank, let code, let text): add(FailureEvidence.Sign(WireCode.decode(code, text)), rank)
        case .gone(let rank) where !left.contains(rank): add(.disconnected, rank)
        case .refused, .registered, .connecting, .clock, .gone: break
        }
    }

    private func add(_ speed: Speed?, from rank: Int) throws {
        if let speed, let pair = current.first(where: { $0.first == rank }) {
            speeds[.init(name(pair.first), name(pair.second))] = .init(
                gigabitsPerSecond: Self.rounded(speed.bytesPerSecond * 8 / 1e9),
                milliseconds: Self.rounded(speed.seconds * 1e3))
        }
        measuring.remove(rank)
        if measuring.isEmpty { try nextRound() }
    }

    private var current: [(first: Int, second: Int)] = []

    private func nextRound() throws {
        guard !rounds.isEmpty else {
            return try hosts.indices.forEach { try server.sendApplication(LinkMessage.end.encoded(), to: $0) }
        }
        current = rounds.removeFirst()
        measuring = Set(current.flatMap { [$0.first, $0.second] })
        for pair in current {
            let order = try LinkMessage.measure(first: pair.first, second: pair.second).encoded()
            for rank in [pair.first, pair.second] { try server.sendApplication(order, to: rank) }
        }
    }

    /// Four digits: more mean nothing. Within what a manifest may say.
    private static func rounded(_ value: Double) -> Double {
        guard value > 1e-6, value.isFinite else { return 1e-6 }
        return min(Double(String(format: "%.4g", value)) ?? value, 1e4)
    }

    /// Whatever happened: nothing of it is left.
    private func clear() {
        pool.endAll(grace: left.count == hosts.count ? 2 : 0)
        server.close()
        for log in logs.values { close(log) }
        folder.remove()
    }
}
