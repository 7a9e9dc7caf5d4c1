import Notation

extension PipelineManifest {
    /// What `sim` devices pretend: how long work takes, and faults. `sim: {layer_ms: 20}`
    public struct Simulation: Hashable, Sendable {
        /// How long a pass of a layer takes.
        public enum Pace: Hashable, Sendable {
            /// Seconds of one layer's forward; each backward half takes as long.
            case secondsPerLayer(Double)
            /// 10⁹ FLOPs that a device does in a second.
            case gflops(Double)
        }
        /// A stage that now and then takes longer: `slow: {stage: 2, ms: 30, every: 8}`.
        public struct SlowStage: Hashable, Sendable {
            /// Which stage, in the order of the data flow.
            public var stage: Int
            /// How much longer such a forward takes.
            public var milliseconds: Double
            /// Which of its forwards: each so many.
            public var every: Int

            /// Every eighth forward unless given.
            public init(stage: Int, milliseconds: Double, every: Int = 8) {
                self.stage = stage
                self.milliseconds = milliseconds
                self.every = every
            }
        }
        /// A rank whose device becomes slower: `slow: {rank: 1, factor: 1.5, from: 20}`.
        public struct SlowRank: Hashable, Sendable {
            /// Which rank.
            public var rank: Int
            /// How many times longer each pass takes.
            public var factor: Double
            /// From which step on, counted from 0.
            public var from: Int

            /// From the first step unless given.
            public init(rank: Int, factor: Double, from: Int = 0) {
                self.rank = rank
                self.factor = factor
                self.from = from
            }
        }
        /// A link between two ranks whose messages arrive later: `link: {from: 1, to: 2, ms: 6}`.
        public struct SlowLink: Hashable, Sendable {
            /// The rank that sends.
            public var from: Int
            /// The rank that receives.
            public var to: Int
            /// How much later each message arrives, counted from when it was sent.
            public var milliseconds: Double

            /// One direction only: messages the other way are not slowed.
            public init(from: Int, to: Int, milliseconds: Double) {
                self.from = from
                self.to = to
                self.milliseconds = milliseconds
            }
        }
        /// How fast messages travel, `network: {gbps: 10, ms: 0.1}`: what comes to a worker from all others together.
        public typealias Network = Links.Speed
        /// How long a pass of a layer takes; 10 ms unless written.
        public var pace: Pace
        /// How fast messages travel from each worker to each other; nil: as fast as this machine lets them.
        public var network: Network?
        /// A fault, to see what a report says of it: a stage that now and then takes longer; nil: none.
        public var slow: SlowStage?
        /// A fault: a rank whose device becomes slower, in the other's place; nil: none.
        public var slowRank: SlowRank?
        /// A fault: a link whose messages arrive later; nil: none.
        public var link: SlowLink?
        /// A fault: how many milliseconds longer reading a micro-batch takes; nil: none.
        public var readMilliseconds: Double?

        /// Without faults.
        public init(pace: Pace) { self.pace = pace }
    }
}

extension PipelineManifest.Simulation {
    private static let millisecondsLimit = 3_600_000.0

    static let usual = Self(pace: .secondsPerLayer(0.010))

    /// `{layer_ms: 20}` or `{gflops: 100}`; 10 ms per layer unless written. Only for sim devices.
    static func decode(
        _ field: Field?, devices: [PipelineManifest.Device], stages: Int, at devicesNode: YAMLNode
    ) throws(ManifestError) -> Self {
        let standard = usual
        guard let field else { return standard }
        guard devices.contains(where: { $0.kind == .sim }) else {
            if devicesNode.mark.isOverride, !field.node.mark.isOverride { return standard }
            throw field.error("sim has no effect without sim devices", expected: "sim devices, or no sim")
        }
        let fields = try Fields(field, keys: Schema.sim)
        var simulation = Self(pace: try pace(fields, field) ?? standard.pace)
        simulation.network = try fields["network"].map { field throws(ManifestError) in
            let fields = try Fields(field, keys: Schema.network, required: ["gbps"])
            return try Network.decode(fields, least: 0.001)
        }
        if let slow = fields["slow"] {
            if try Fields(slow, keys: Schema.slow + Schema.slowRank)["rank"] != nil {
                simulation.slowRank = try SlowRank.decode(slow, ranks: devices.count)
            } else {
                simulation.slow = try SlowStage.decode(slow, stages: stages)
            }
        }
        simulation.link = try fields["link"].map { link throws(ManifestError) in
            try SlowLink.decode(link, ranks: devices.count)
        }
        simulation.readMilliseconds = try fields["read_ms"].map { read throws(ManifestError) in try milliseconds(read) }
        return simulation
    }

    /// nil where only faults are written.
    private static func pace(_ fields: Fields, _ field: Field) throws(ManifestError) -> Pace? {
        switch (fields["layer_ms"], fields["gflops"]) {
        case (let field?, nil): return .secondsPerLayer(try milliseconds(field) / 1000)
        case (nil, let field?): return .gflops(try field.number("above 0") { $0 >= 1e-9 && $0 <= 1e12 })
        case (nil, nil) where (Schema.faults + ["network"]).contains(where: { fields[$0] != nil }): return nil
        default: throw field.error(expected: "either layer_ms or gflops")
        }
    }

    fileprivate static func milliseconds(_ field: Field) throws(ManifestError) -> Double {
        try field.number("above 0 and at most 3600000") { $0 > 0 && $0 <= millisecondsLimit }
    }
}

extension PipelineManifest.Simulation.SlowStage {
    fileprivate static func decode(_ field: Field, stages: Int) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.slow, required: ["stage", "ms"])
        return Self(
            stage: try fields.required("stage").int(0...stages - 1),
            milliseconds: try PipelineManifest.Simulation.milliseconds(fields.required("ms")),
            every: try fields["every"]?.int(1...Limit.count) ?? 8)
    }
}

extension PipelineManifest.Simulation.SlowRank {
    fileprivate static func decode(_ field: Field, ranks: Int) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.slowRank, required: ["rank", "factor"])
        return Self(
            rank: try fields.required("rank").int(0...ranks - 1),
            factor: try fields.required("factor").number("above 1 and at most 1000") { $0 > 1 && $0 <= 1000 },
            from: try fields["from"]?.int(0...Limit.count) ?? 0)
    }
}

extension PipelineManifest.Simulation.SlowLink {
    fileprivate static func decode(_ field: Field, ranks: Int) throws(ManifestError) -> Self {
        let fields = try Fields(field, keys: Schema.link, required: ["from", "to", "ms"])
        return Self(
            from: try fields.required("from").int(0...ranks - 1), to: try fields.required("to").int(0...ranks - 1),
            milliseconds: try PipelineManifest.Simulation.milliseconds(fields.required("ms")))
    }
}

extension PipelineManifest.Simulation {
    var yaml: String {
        var parts: [String] = []
        switch pace {
        case .secondsPerLayer(let seconds): parts.append("layer_ms: \(YAML.number(Self.milliseconds(seconds)))")
        case .gflops(let rate): parts.append("gflops: \(YAML.number(rate))")
        }
        if let network {
            parts.append("network: {\(network.yaml)}")
        }
        if let slow {
            parts.append(
                "slow: {stage: \(slow.stage), ms: \(YAML.number(slow.milliseconds)), every: \(slow.every)}")
        }
        if let slowRank {
            parts.append(
                "slow: {rank: \(slowRank.rank), factor: \(YAML.number(slowRank.factor)), from: \(slowRank.from)}")
        }
        if let link {
            parts.append("link: {from: \(link.from), to: \(link.to), ms: \(YAML.number(link.milliseconds))}")
        }
        if let readMilliseconds { parts.append("read_ms: \(YAML.number(readMilliseconds))") }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// The number that, divided by 1000, is `seconds` again to the last bit.
    private static func milliseconds(_ seconds: Double) -> Double {
        let product = seconds * 1000
        return [product, product.nextUp, product.nextDown].first { $0 / 1000 == seconds } ?? product
    }
}
