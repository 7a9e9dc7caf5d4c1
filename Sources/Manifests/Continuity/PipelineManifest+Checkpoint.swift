import Notation
import Systems

extension PipelineManifest {
    /// When a run's state is kept so that it can go on from there. `checkpoint: {every: 100, keep_last: 3}`
    ///
    ///     pipeline.checkpoint = .init(every: .steps(100), keepLast: 3)
    public struct Checkpoint: Hashable, Sendable {
        /// What lies between two checkpoints.
        public enum Interval: Hashable, Sendable {
            /// So many steps.
            case steps(Int)
            /// So many seconds.
            case seconds(Double)
        }
        /// Behind each so many steps or seconds, and behind the last step; nil: only where the run is interrupted.
        public var every: Interval?
        /// The newest so many are kept.
        public var keepLast: Int
        /// Beside them, each whose step is a multiple of this; nil: none.
        public var keepEvery: Int?

        /// Only where the run is interrupted, with three kept, unless given.
        public init(every: Interval? = nil, keepLast: Int = 3, keepEvery: Int? = nil) {
            self.every = every
            self.keepLast = keepLast
            self.keepEvery = keepEvery
        }
    }
}

extension PipelineManifest.Checkpoint {
    static let keys = ["every", "keep_last", "keep_every"]

    /// `null` is none at all; nothing written is the default, but on devices that compute nothing.
    static func decode(
        _ field: Field?, _ devices: [PipelineManifest.Device]
    ) throws(ManifestError) -> PipelineManifest.Checkpoint? {
        let computes = devices.allSatisfy { $0.kind != .sim }
        guard let field else { return computes ? Self() : nil }
        guard !field.node.isNull else { return nil }
        guard computes else {
            throw field.error(
                "checkpoint on simulated devices, which compute no weights", expected: "cpu devices, or no checkpoint")
        }
        let fields = try Fields(field, keys: keys)
        return Self(
            every: try fields["every"].unlessNull.map { field throws(ManifestError) in try interval(field) },
            keepLast: try fields["keep_last"]?.int(1...Limit.count) ?? 3,
            keepEvery: try fields["keep_every"].unlessNull?.int(1...Limit.count))
    }

    private static let units = [("s", 1.0), ("m", 60), ("h", 3600)]

    /// `100`, `30s`, `10m`, `2h`
    private static func interval(_ field: Field) throws(ManifestError) -> Interval {
        let expected = "a number of steps, or a time such as 30s, 10m or 2h"
        guard let text = field.plain else { throw field.error(expected: expected) }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return .steps(try field.int(1...Limit.count)) }
        return .seconds(try seconds(field, expected: expected))
    }

    /// `30s`, `10m`, `2h`
    static func seconds(_ field: Field, expected: String) throws(ManifestError) -> Double {
        guard let text = field.plain, let unit = units.first(where: { text.hasSuffix($0.0) }),
            let number = Double(text.dropLast()),
            number * unit.1 >= 1, number * unit.1 <= 31_536_000
        else { throw field.error(expected: expected + ", from 1s to a year") }
        return number * unit.1
    }

    var yaml: String {
        let interval =
            switch every {
            case nil: "null"
            case .steps(let count): "\(count)"
            case .seconds(let seconds): "\(YAML.number(seconds))s"
            }
        return "{every: \(interval), keep_last: \(keepLast), keep_every: \(keepEvery.map(String.init) ?? "null")}"
    }
}

extension PipelineManifest {
    /// What the resolved manifest says, by key.
    package var parts: [String: String] {
        var parts: [String: String] = [:]
        var lines = resolvedYAML().split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.popFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            var value = String(line[line.index(after: colon)...].drop { $0 == " " })
            while let next = lines.first, next.hasPrefix(" ") {
                value += "\n" + next
                lines.removeFirst()
            }
            parts[String(line[..<colon])] = value
        }
        // A step's micro-batches and the sums that they are added to, whoever computes which.
        parts["batch"] = "{micro: \(batch.micro), microbatches: \(batch.microBatchesPerStep)}"
        let sums = lanes ?? replicas
        parts["lanes"] = sums == 1 ? nil : "\(sums)"
        return parts
    }

    /// SHA-256 of each part.
    package var partHashes: [String: String] { parts.mapValues { SHA256.hash($0.utf8) } }
}
