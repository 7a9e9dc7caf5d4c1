public import Layers
public import Tensors

/// A `Sequential` laid out for one micro-batch: a graph of nodes over values.
///
/// Everything about it is known before anything runs: shapes, parameters, FLOPs, what each node keeps. A run of
/// consecutive entries is a stage.
public struct ModelGraph: Sendable {
    /// The layers as the manifest lists them, those that may be cut inside in their parts.
    public let entries: [Entry]
    /// In order of execution.
    public let nodes: [Node]
    /// The input first, then in the order in which they are made.
    public let values: [Value]
    /// The value, by index, that the model takes.
    public let input: Int
    /// The value, by index, that the loss takes.
    public let prediction: Int
    /// What the last stage evaluates.
    public let loss: any Loss
    /// One micro-batch's targets.
    public let targets: TensorSpec
    /// Parameters that are one tensor, as the manifest lists them.
    public let ties: [Tie]
    /// By member of a tie: the tie's first.
    private let firstOfTie: [Tie.Member: Tie.Member]
    /// Of activations, their gradients, and what matrix products read.
    public let dtype: DType
    /// Which of the devices that share each stage this graph is of; nil: the model is whole.
    public let shard: TensorShard?
    /// Which channels of the prediction the shard has, where they are split; nil: all.
    public let predictionChannels: Range<Int>?
    /// The prediction of the whole model.
    private let wholePrediction: TensorSpec

    /// - Parameters:
    ///   - manifest: the list of layers.
    ///   - input: one micro-batch: i32[micro × sequence] for tokens, [micro × width] of `dtype` for rows.
    ///   - dtype: f32, bf16 or f16.
    ///   - adaptation: which parameters are trained, and adapters beside its products.
    ///   - capacity: how many positions of a sample passes can go on to, with caches; nil: each pass is on its own.
    ///   - shard: which part of the model the graph is of, where several devices share each stage; nil: all of it. Entries,
    ///     nodes and values have the same numbers on all shards, and parameters the same names.
    public init(
        _ manifest: Sequential, input: TensorSpec, dtype: DType = .f32, adaptation: Adaptation = .none,
        capacity: Int? = nil, shard: TensorShard? = nil
    ) throws(ModelError) {
        let plan: ShardPlan?
        var whole: TensorSpec?
        if let shard, shard.count > 1 {
            let model = try ModelGraph(
                manifest, input: input, dtype: dtype, adaptation: adaptation, capacity: capacity)
            plan = ShardPlan(model)
            predictionChannels = plan?.predictionChannels.map { shard.part(of: $0) }
            whole = model.wholePrediction
        } else {
            plan = nil
            predictionChannels = nil
        }
        self.shard = plan == nil ? nil : shard
        var manifest = manifest
        if !adaptation.ties.isEmpty { manifest.ties += adaptation.ties }
        self.dtype = dtype
        var builder = GraphBuilder(
            input: input, dtype: dtype, capacity: capacity, adaptation,
            sharding: shard.flatMap { shard in plan.map { (shard, $0.splits) } })
        for (index, declaration) in manifest.layers.enumerated() {
            try builder.append(declaration, layer: index)
        }
        try builder.finish()
        guard builder.current.count == 1 else {
            throw ModelError(
                "the last layer", expected: "one tensor for the loss", got: "a tuple of \(builder.current.count)",
                at: manifest.layers.last?.mark ?? manifest.mark)
        }
        loss = manifest.loss
        let output = builder.values[builder.current[0]].spec
        wholePrediction = whole ?? output
        do {
            targets = try loss.targets(for: [output])
        } catch {
            throw ModelError("loss \(loss.kind)", error, at: manifest.mark)
        }
        entries = builder.entries
        nodes = builder.nodes
        var resolver = TieResolver(manifest, builder.nodes)
        ties = try resolver.ties()
        firstOfTie = Dictionary(
            uniqueKeysWithValues: ties.flatMap { tie in tie.members.map { ($0, tie.members[0]) } })
        values = builder.values
        self.input = 0
        prediction = builder.current[0]
    }

    /// How many the manifest lists.
    public var layerCount: Int { entries.last.map { $0.layer + 1 } ?? 0 }
    /// Elements of all parameters but adapters'; tied ones count once.
    public var parameterCount: Int { count { !self.isAdapter($0) } }
    /// Elements of the parameters that are trained, adapters' included; tied ones count once.
    public var trainedCount: Int { count { self.nodes[$0.node].trained[$0.parameter] } }
    /// Whether the parameter is an adapter's.
    public func isAdapter(_ parameter: Tie.Member) -> Bool {
        let layer = nodes[parameter.node].layer
        return parameter.parameter >= layer.parameters.count - 2 * layer.adapters.count
    }

    private func count(_ isCounted: (Tie.Member) -> Bool) -> Int {
        stored(isCounted).reduce(0) { $0 + $1.spec.count }
    }

    /// FLOPs of one micro-batch, all passes, the loss included.
    public var flopsPerMicroBatch: Double {
        entries.reduce(loss.cost(for: [values[prediction].spec])) { $0 + $1.cost.total }
    }

    /// Name and shape of every parameter, in order.
    public var parameters: [(name: String, shape: Shape)] {
        nodes.flatMap { node in zip(node.parameterNames, node.layer.parameters).map { ($0, $1.shape) } }
    }

    /// Name and type of every parameter as files hold them: tied ones once, under the first one's name.
    package var storedParameters: [(name: String, spec: TensorSpec)] { stored { _ in true } }

    /// Names of those that are trained.
    package var trainedParameters: [String] { stored { self.nodes[$0.node].trained[$0.parameter] }.map(\.name) }

    /// Those of the model itself, without adapters.
    package var baseParameters: [(name: String, spec: TensorSpec)] { stored { !self.isAdapter($0) } }

    /// Those of the adapters.
    package var adapterParameters: [(name: String, spec: TensorSpec)] { stored(isAdapter) }

    private func stored(_ isWanted: (Tie.Member) -> Bool) -> [(name: String, spec: TensorSpec)] {
        nodes.indices.flatMap { node in
            zip(nodes[node].parameterNames, nodes[node].layer.parameters).enumerated().filter { index, _ in
                let member = Tie.Member(node: node, parameter: index)
                return isStored(member) && isWanted(member)
            }.map { ($1.0, TensorSpec($1.1.shape)) }
        }
    }

    /// Whether the gradients of a tie's members are summed: nothing is, where they are frozen.
    package func isTrained(_ tie: Tie) -> Bool {
        nodes[tie.members[0].node].trained[tie.members[0].parameter]
    }

    /// Whether files hold the parameter under its own name: unless it is a later one of a tie.
    package func isStored(_ parameter: Tie.Member) -> Bool { origin(of: parameter) == parameter }

    /// By the name under which files hold a parameter: which part of it the shard has, where it is split.
    package var slices: [String: TensorSlice] {
        var slices: [String: TensorSlice] = [:]
        for node in nodes {
            for (name, parameter) in zip(node.parameterNames, node.layer.parameters) { slices[name] = parameter.slice }
        }
        return slices
    }

    /// Whether a parameter counts on this shard: all of a split one's parts do, and the first shard's copy of a whole one.
    package func isCounted(_ parameter: ParameterSpec) -> Bool { parameter.slice != nil || (shard?.index ?? 0) == 0 }

    /// Under which name files hold it.
    package func storedName(of parameter: Tie.Member) -> String {
        let origin = origin(of: parameter)
        return nodes[origin.node].parameterNames[origin.parameter]
    }

    /// The parameter whose first values this one has: the first of its tie, or itself.
    public func origin(of parameter: Tie.Member) -> Tie.Member { firstOfTie[parameter] ?? parameter }

    /// How many token ids the model knows: those that each of its embeddings holds and that the loss can name.
    /// nil where it takes no tokens.
    public var vocabulary: Int? {
        guard let smallest = nodes.compactMap(\.layer.vocabulary).min() else { return nil }
        return loss.vocabulary(of: wholePrediction).map { min(smallest, $0) } ?? smallest
    }
}
