import Glibc
import Systems
package import Transport

/// The keys of one run on several hosts, all derived from one secret: who knows it can make each of them, and from one of
/// them nobody can make another.
///
///     let keys = RunKeys(RunSecret())
///     try keys.coordinator(ranks: [1, 2])      // the coordinator's pair, and whom it lets in
///     try keys.worker(1)                       // worker 1's pair, and by what it knows the coordinator
package struct RunKeys: Sendable {
    private let secret: RunSecret

    package init(_ secret: RunSecret) { self.secret = secret }

    /// - Parameter ranks: those on other hosts; nobody else is let in.
    package func coordinator(ranks: [Int]) throws(RunFailure) -> CoordinatorKeys {
        var workers: [Int: PublicKey] = [:]
        for rank in ranks { workers[rank] = try pair("worker \(rank)").publicKey }
        return CoordinatorKeys(own: try pair("coordinator"), workers: workers)
    }

    package func worker(_ rank: Int) throws(RunFailure) -> WorkerKeys {
        WorkerKeys(rank: rank, own: try pair("worker \(rank)"), coordinator: try pair("coordinator").publicKey)
    }

    /// The secret half is SHA-256 of the run's secret and the name.
    private func pair(_ name: String) throws(RunFailure) -> CurvePair {
        let hash = SHA256.hash(secret.bytes + Array("echelon run key: \(name)".utf8))
        guard let half = RunSecret(hash) else { throw RunFailure(.bug, "a hash that is no key") }
        do { return try CurvePair(half) } catch { throw RunFailure(wrapping: error) }
    }
}

/// How a worker on another host is told its key by the launcher: in its environment, which only its owner can read.
package enum WorkerKeyVariable {
    package static let name = "ECHELON_WORKER_KEY"

    /// The worker's secret half and the coordinator's public one.
    package static func text(_ keys: WorkerKeys) -> String { "\(keys.own.secret.text):\(keys.coordinator.text)" }

    /// The environment's, taken out of it; nil where there is none.
    /// - Throws: bad input where it is no key.
    package static func take(rank: Int) throws(RunFailure) -> WorkerKeys? {
        guard let value = getenv(name) else { return nil }
        defer { unsetenv(name) }
        let parts = String(cString: value).split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let half = RunSecret(parts[0]), let coordinator = PublicKey(parts[1]) else {
            throw .badInput("\(name): expected two numbers of 64 hexadecimal digits, with a colon between")
        }
        do {
            return WorkerKeys(rank: rank, own: try CurvePair(half), coordinator: coordinator)
        } catch {
            throw RunFailure(wrapping: error)
        }
    }
}
