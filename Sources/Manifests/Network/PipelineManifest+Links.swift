import Notation

extension PipelineManifest {
    /// How fast messages pass between a run's hosts. `links: {gbps: 1, ms: 10}`
    ///
    ///     links: {gbps: 1, ms: 10, between: [{hosts: [node-a, node-b], gbps: 25, ms: 0.1}]}
    public struct Links: Hashable, Sendable {
        /// One direction between two hosts.
        public struct Speed: Hashable, Sendable {
            /// 10⁹ bits in a second.
            public var gigabitsPerSecond: Double
            /// Milliseconds from a message's last byte to its arrival, one way.
            public var milliseconds: Double

            /// No latency unless given.
            public init(gigabitsPerSecond: Double, milliseconds: Double = 0) {
                self.gigabitsPerSecond = gigabitsPerSecond
                self.milliseconds = milliseconds
            }

            /// Bytes that pass in a second.
            public var bytesPerSecond: Double { gigabitsPerSecond * 1e9 / 8 }
        }
        /// Two hosts, in either order.
        public struct Pair: Hashable, Sendable {
            /// The first by name; `localhost` is the coordinator's.
            public let first: String
            /// The other one.
            public let second: String

            /// In either order.
            public init(_ one: String, _ other: String) { (first, second) = (min(one, other), max(one, other)) }
        }
        /// Between any two hosts that `between` does not have; nil: as fast as one machine's.
        public var usual: Speed?
        /// Between hosts that are named.
        public var between: [Pair: Speed]

        /// The same for all hosts, but for those of `between`.
        public init(usual: Speed?, between: [Pair: Speed] = [:]) {
            self.usual = usual
            self.between = between
        }

        /// The coordinator's host.
        package static let own = "localhost"

        /// What people read: of a host as `PipelineManifest.hosts` has it.
        package static func name(_ host: String) -> String { host == "" ? own : host }

        /// nil: on one host, or not known.
        /// - Parameter one: a host as `PipelineManifest.hosts` has it.
        package func speed(_ one: String, _ other: String) -> Speed? {
            one == other ? nil : between[Pair(Self.name(one), Self.name(other))] ?? usual
        }

        /// With `localhost` for all names of the coordinator's host.
        package func seen(from own: Set<String>) -> Links {
            func seen(_ name: String) -> String { own.contains(name) ? Self.own : name }
            var links = Links(usual: usual)
            for (pair, speed) in between { links.between[Pair(seen(pair.first), seen(pair.second))] = speed }
            return links
        }
    }
}

extension PipelineManifest.Links {
    static func decode(_ field: Field?) throws(ManifestError) -> Self? {
        guard let field = field.unlessNull else { return nil }
        let fields = try Fields(field, keys: Schema.links)
        var links = Self(usual: fields["gbps"] == nil && fields["ms"] == nil ? nil : try Speed.decode(fields))
        guard let between = fields["between"] else {
            guard links.usual != nil else { throw field.error(expected: "gbps and ms, or between") }
            return links
        }
        for entry in try between.list(of: "pairs, as {hosts: [node-a, node-b], gbps: 1, ms: 10}") {
            let fields = try Fields(entry, keys: Schema.linksBetween, required: ["hosts", "gbps"])
            let names = try fields.required("hosts").list(of: "two hosts")
            var hosts: [String] = []
            for name in names { hosts.append(try name.text("a host, as the host file names it")) }
            guard hosts.count == 2, hosts[0] != hosts[1] else {
                throw try fields.required("hosts").error(expected: "two different hosts, as [node-a, node-b]")
            }
            let pair = Pair(hosts[0], hosts[1])
            guard links.between.updateValue(try Speed.decode(fields), forKey: pair) == nil else {
                throw entry.error("\(hosts[0]) and \(hosts[1]) for the second time", expected: "each pair once")
            }
        }
        return links
    }

    var yaml: String {
        let pairs = between.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }.map {
            "{hosts: [\(YAML.quoted($0.key.first)), \(YAML.quoted($0.key.second))], \($0.value.yaml)}"
        }
        let parts = (usual.map { [$0.yaml] } ?? []) + (pairs.isEmpty ? [] : ["between: \(YAML.list(pairs))"])
        return "{\(parts.joined(separator: ", "))}"
    }
}

extension PipelineManifest.Links.Speed {
    /// - Parameter least: of 10⁹ bits in a second.
    static func decode(_ fields: Fields, least: Double = 1e-6) throws(ManifestError) -> Self {
        let words = "from \(least < 1e-3 ? "0.000001" : "\(least)") to 100000"
        return Self(
            gigabitsPerSecond: try fields.required("gbps").number(words) { $0 >= least && $0 <= 1e5 },
            milliseconds: try fields["ms"]?.number("from 0 to 10000") { $0 >= 0 && $0 <= 1e4 } ?? 0)
    }

    var yaml: String { "gbps: \(YAML.number(gigabitsPerSecond)), ms: \(YAML.number(milliseconds))" }
}
