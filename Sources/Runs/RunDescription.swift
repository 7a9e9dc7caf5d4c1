public import Partitioning

/// `run.json`: what a report needs to know about a run besides its events. Its keys are in snake case.
public struct RunDescription: Codable, Hashable, Sendable {
    /// Version of the JSON form.
    public var version = 1
    /// Name of the pipeline.
    public var name: String
    /// `1f1b`, `gpipe`, …
    public var schedule: String
    /// Micro-batches of one step, at least 1.
    public var microBatches: Int
    /// Indexed by stage.
    public var stages: [StageDescription]
    /// Copies of the pipeline; nil is one.
    public var replicas: Int?
    /// Workers that share each layer; nil is one. A rank is (its position × replicas + its replica) × shards + its shard.
    public var shards: Int?
    /// Indexed by rank.
    public var devices: [String]
    /// Tokens (or samples, for a model without a sequence) of one global batch.
    public var tokensPerStep: Int
    /// Forward and backward of one token through the whole model; 0 where unknown.
    public var flopsPerToken: Double
    /// Together for all devices, in FLOP/s; nil where unknown.
    public var peakFlops: Double?
    /// ISO 8601, UTC.
    public var startedAt: String
    /// Whether samples share rows; nil where nobody said.
    public var isPacked: Bool?
    /// Whether updates wait for no gradient norm although they need one; nil: they do.
    public var speculates: Bool?

    /// A description that is not checked here: reading `run.json` back does that.
    public init(
        name: String, schedule: String, microBatches: Int, stages: [StageDescription], devices: [String],
        tokensPerStep: Int, flopsPerToken: Double = 0, peakFlops: Double? = nil, startedAt: String = "",
        isPacked: Bool? = nil, replicas: Int? = nil, shards: Int? = nil, speculates: Bool? = nil
    ) {
        self.speculates = speculates
        self.replicas = replicas
        self.shards = shards
        self.name = name
        self.schedule = schedule
        self.microBatches = microBatches
        self.stages = stages
        self.devices = devices
        self.tokensPerStep = tokensPerStep
        self.flopsPerToken = flopsPerToken
        self.peakFlops = peakFlops
        self.startedAt = startedAt
        self.isPacked = isPacked
    }

    /// Copies of the pipeline.
    public var replicaCount: Int { max(replicas ?? 1, 1) }
    /// Workers that share each layer.
    public var shardCount: Int { max(shards ?? 1, 1) }
    /// Workers of one position.
    public var width: Int { replicaCount * shardCount }
    /// The place of each stage's rank in its replica, indexed by stage.
    public var positionOfStage: [Int] { stages.map { position(of: $0.rank) } }
    /// The place of a rank in its replica.
    public func position(of rank: Int) -> Int { rank / width }
    /// Which of a position's workers a rank is: its replica × shards + its shard.
    public func place(of rank: Int) -> Int { rank % width }
    /// The rank that owns a stage, in the replica and the shard of another rank.
    public func rank(ofStage stage: Int, besides rank: Int) -> Int {
        position(of: stages[stage].rank) * width + place(of: rank)
    }
    /// The stages that a rank owns, in order.
    public func stages(of rank: Int) -> [Int] {
        stages.indices.filter { position(of: stages[$0].rank) == position(of: rank) }
    }
}

extension RunDescription {
    /// What the model's layers are called.
    public var layerNames: LayerNames {
        let names = stages.compactMap(\.names)
        guard stages.first?.firstLayer == 0, names.count == stages.count else { return LayerNames(count: 0) }
        return LayerNames(names.flatMap { $0 })
    }
}

/// One stage of a run: who owns it, and the layers in it.
public struct StageDescription: Codable, Hashable, Sendable {
    /// The rank that owns the stage, in the first replica.
    public var rank: Int
    /// The place in the model of the stage's first layer; the parts of layers that may be cut inside count by themselves.
    public var firstLayer: Int
    /// Kinds of the layers, in order: `transformer`.
    public var layers: [String]
    /// What the layers are called, `3` or `3.mlp`; nil: by their places.
    public var names: [String]?
    /// Relative cost (FLOPs, say) of each layer; nil: assumed equal.
    public var layerCosts: [Double]?

    /// A stage whose layers cost the same unless told; `layerCosts` and `names` have one entry for each layer.
    public init(
        rank: Int, firstLayer: Int, layers: [String], names: [String]? = nil, layerCosts: [Double]? = nil
    ) {
        self.rank = rank
        self.firstLayer = firstLayer
        self.layers = layers
        self.names = names
        self.layerCosts = layerCosts
    }
}
