public import Layers
public import Tensors

/// A tensor that one node makes and others use: a place in the model's data flow, not memory.
public struct Value: Sendable {
    /// Shape and element type, of one micro-batch.
    public var spec: TensorSpec
    /// The node that makes it; nil for the model's input.
    public var producer: Int?
    /// The nodes that use it, in order of execution. A node that uses it twice stands here twice.
    public var consumers: [Int] = []
    /// False where nothing that can be trained lies before it.
    public var needsGradient: Bool
    /// The value whose bytes these are; itself unless this is a view of another shape.
    public var root: Int
}

/// One layer in place: with the values it takes and makes.
public struct Node: Sendable {
    /// The layer with outputs of the model's type.
    public var layer: any Layer
    /// What the layer does with these inputs.
    public var plan: LayerPlan
    /// `3` or, inside a residual list, `3.0`: what the parameters' names begin with.
    public var path: String
    /// Its place among `ModelGraph.entries`.
    public var entry: Int
    /// The number of its random streams: it shares them with the other parts of its layer.
    public var stream: Int
    /// By parameter: its place among those of the whole layer that the node is a part of.
    public var parameterPlaces: [Int]
    /// Values by index into `ModelGraph.values`, in the order in which the layer takes them.
    public var inputs: [Int]
    /// Values by index into `ModelGraph.values`, in the order in which the layer makes them.
    public var outputs: [Int]
    /// By parameter: whether the optimizer moves it.
    public var trained: [Bool]
    /// By parameter: whether the weight half of the backward writes its gradient.
    public var hasGradient: [Bool]

    /// Whether it has a weight half of the backward: unless all of its parameters are frozen.
    public var hasWeightHalf: Bool { trained.isEmpty || trained.contains(true) }
    /// Names as in torch.nn.Sequential's state dict.
    public var parameterNames: [String] { layer.parameters.map { "\(path).\($0.name)" } }
}

/// What a cut may stand before or behind: a layer as the manifest lists it, or a part of one that may be cut inside.
public struct Entry: Sendable {
    /// Its place among the model's entries, counted from 0.
    public var index: Int
    /// The layer's place in the `Sequential`, counted from 0.
    public var layer: Int
    /// Which part of the layer: `mlp`. nil: all of it.
    public var part: String?
    /// What reports, plans and `partition: type:REGEX` call the layer.
    public var kind: String
    /// The nodes it became: none for pure re-labelling (`select`, `stash`, `pop`, `reshape`), several for `residual`.
    public var nodes: Range<Int>
    /// How many nodes the whole layer became.
    public var nodesOfLayer: Int
    /// What it hands on.
    public var outputs: Signature
    /// Elements of all parameters.
    public var parameterCount: Int
    /// Elements of those that are trained.
    public var trainedCount: Int
    /// FLOPs of one micro-batch, over its nodes.
    public var cost: LayerCost

    /// `3`, or `3.mlp`
    public var name: String { part.map { "\(layer).\($0)" } ?? "\(layer)" }
}
