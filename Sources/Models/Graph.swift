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
    /// The entry of the `Sequential` that it belongs to.
    public var entry: Int
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

/// One entry of the `Sequential`, as the manifest lists it: what a cut may stand before or behind.
public struct Entry: Sendable {
    /// Its place in the `Sequential`, counted from 0.
    public var index: Int
    /// What reports, plans and `partition: type:REGEX` call it.
    public var kind: String
    /// The nodes it became: none for pure re-labelling (`select`, `stash`, `pop`, `reshape`), several for `residual`.
    public var nodes: Range<Int>
    /// What it hands on.
    public var outputs: Signature
    /// Elements of all parameters.
    public var parameterCount: Int
    /// Elements of those that are trained.
    public var trainedCount: Int
    /// FLOPs of one micro-batch, over its nodes.
    public var cost: LayerCost
}
