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
    private let processes: MeasuringProcesses
    private let environment: [String: String]
    private var rounds: [[(first: Int, second: Int)]]
    /// The pairs of this round, and which of their processes have not said that they are done.
    private var pairs: [(first: Int, second: Int)] = []
    private var measuring: Set<Int> = []
    private var speeds: [PipelineManifest.Links.Pair: PipelineManifest.Links.Speed] = [:]

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
        // The coordinator's host, too, where it has no worker: words pass to and from it.
        let hosts = cluster.distinctHosts
        self.hosts = hosts.contains("") ? hosts : hosts + [""]
        rounds = Self.rounds(of: self.hosts.count)
        environment = try EnvironmentFile.load()
        var configuration = ControlServer.Configuration(world: self.hosts.count, digest: LinkWorker.digest)
        configuration.keys = try cluster.keys.coordinator(ranks: Array(self.hosts.indices))
        if let address = cluster.address { configuration.tcpAddress = "tcp://\(try HandEntrance.host(address)):0" }
        processes = try MeasuringProcesses(
            "echelon-links", configuration, places: self.hosts.map(PipelineManifest.Links.name),
            environment: environment,
            loss: "the links between hosts were being measured",
            advice: "try again, or say `links` in the pipeline: then nothing is measured.")
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
        defer { processes.clear() }
        for rank in hosts.indices { try start(rank) }
        try processes.watch(begin: nextRound) { rank, bytes in
            guard case .measured(let speed) = try LinkMessage(bytes) else {
                throw RunFailure(.bug, "a process that measures links gave an order")
            }
            try add(speed, from: rank)
        }
        return PipelineManifest.Links(usual: nil, between: speeds)
    }

    private func start(_ rank: Int) throws {
        let (server, log) = (processes.server, try processes.log(of: rank))
        var arguments = ["measure-link", "--rank", "\(rank)", "--world", "\(hosts.count)", "--bytes", "\(bytes)"]
        guard hosts[rank] != "" else {
            arguments += ["--coordinator", server.ipcAddress]
            if let host = server.linkHost { arguments += ["--address", host] }
            return try processes.pool.start(rank, arguments, threads: 1, log: log, secret: server.configuration.secret)
        }
        arguments += ["--coordinator", server.tcpAddress ?? ""]
        try cluster.start(
            rank, on: hosts[rank], over: shell, arguments, environment: environment, processes.pool, log: log)
    }

    private func add(_ speed: Speed?, from rank: Int) throws {
        if let speed, let pair = pairs.first(where: { $0.first == rank }) {
            let name = PipelineManifest.Links.name
            speeds[.init(name(hosts[pair.first]), name(hosts[pair.second]))] = .init(
                gigabitsPerSecond: Self.rounded(speed.bytesPerSecond * 8 / 1e9),
                milliseconds: Self.rounded(speed.seconds * 1e3))
        }
        measuring.remove(rank)
        if measuring.isEmpty { try nextRound() }
    }

    private func nextRound() throws {
        guard !rounds.isEmpty else {
            return try hosts.indices.forEach { try processes.server.sendApplication(LinkMessage.end.encoded(), to: $0) }
        }
        pairs = rounds.removeFirst()
        measuring = Set(pairs.flatMap { [$0.first, $0.second] })
        for pair in pairs {
            let order = try LinkMessage.measure(first: pair.first, second: pair.second).encoded()
            for rank in [pair.first, pair.second] { try processes.server.sendApplication(order, to: rank) }
        }
    }

    /// Four digits: more mean nothing. Within what a manifest may say.
    private static func rounded(_ value: Double) -> Double {
        guard value > 1e-6, value.isFinite else { return 1e-6 }
        return min(Double(String(format: "%.4g", value)) ?? value, 1e4)
    }
}
