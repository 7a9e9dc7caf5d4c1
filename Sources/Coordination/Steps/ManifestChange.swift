package import Manifests
import Planning
package import Runs
import Systems
import Workers

/// What differs between the manifest that a checkpoint was written with and the one that the run is to go on with.
package enum ManifestChange {
    /// Keys that say where and how a run computes, or what it tells of itself: with any of them it goes on with the same bits.
    package static let harmless: Set = [
        "name", "devices", "memory", "partition", "schedule", "virtual", "recompute", "deadlines", "steps", "log_every",
        "events", "metrics", "by_hand", "evaluate", "checkpoint", "sim", "restart", "mirror",
        "spares", "elastic", "recut", "replicas", "zero", "tensor", "links",
        "speculate",
    ]
    /// Keys that a run may go on with, though no longer as it would have: once the user says so.
    package static let allowed: Set = [
        "learning_rate", "clip", "on_nan", "groups", "seed", "precision", "optimizer", "lanes", "compress",
        "products",
    ]

    /// - Parameters:
    ///   - accepted: keys that the user lets change.
    ///   - old: what the checkpoint's manifest said, by key, where that is known.
    /// - Throws: bad input with the first key that may not change, and what allows it.
    package static func check(
        _ manifest: PipelineManifest, against hashes: [String: String], old: [String: String], accepted: Set<String>
    ) throws(RunFailure) {
        let parts = manifest.partHashes
        let changed = Set(parts.keys).union(hashes.keys).filter { parts[$0] != hashes[$0] }.subtracting(harmless)
        for key in changed.sorted() {
            if accepted.contains(key), allowed.contains(key) { continue }
            let mark = manifest.mark(of: key)
            let now = manifest.parts[key].map(shown) ?? "nothing"
            let before = old[key].map(shown) ?? "another value"
            let change = key == "model" ? "another model" : "\(key): \(now)"
            let found = "\(mark): \(change), where the run to go on has \(key == "model" ? "its own" : before)"
            guard allowed.contains(key) else {
                throw .badInput(
                    "\(found): its state is of no use there; to begin a new run with its weights, add --weights-only")
            }
            throw .badInput(
                "\(found): it would not go on as it began; set it back, or add --accept \(key) if that is meant")
        }
    }

    private static func shown(_ value: String) -> String { value.printable(limit: 120) }
}
