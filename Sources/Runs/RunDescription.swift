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

    /// A description that is not checked here: reading `run.json` back does that.
    public init(
        name: String, schedule: String, microBatches: Int, stages: [StageDescription], devices: [String],
        tokensPerStep: Int, flopsPerToken: Double = 0, peakFlops: Double? = nil, startedAt: String = "",
        isPacked: Bool? = nil
    ) {
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

    /// The rank that owns each stage, indexed by stage.
    public var rankOfStage: [Int] { stages.map(\.rank) }
    /// The stages that a rank owns, in order.
    public func stages(of rank: Int) -> [Int] { stages.indices.filter { stages[$0].rank == rank } }
}

/// One stage of a run: who owns it, and the layers in it.
public struct StageDescription: Codable, Hashable, Sendable {
    /// The rank that owns the stage.
    public var rank: Int
    /// Index in the model's list of the stage's first layer.
    public var firstLayer: Int
    /// Names of the layers, in order: `transformer`.
    public var layers: [String]
    /// Relative cost (FLOPs, say) of each layer; nil: assumed equal.
    public var layerCosts: [Double]?

    /// A stage whose layers cost the same unless told; `layerCosts` has one entry for each layer.
    public init(rank: Int, firstLayer: Int, layers: [String], layerCosts: [Double]? = nil) {
        self.rank = rank
        self.firstLayer = firstLayer
        self.layers = layers
        self.layerCosts = layerCosts
    }
}
