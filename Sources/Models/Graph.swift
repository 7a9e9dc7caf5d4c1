public import Layers
public import Tensors

/// A tensor that one node makes and others use: a place in the model's data flow, not memory.
public struct Value: Sendable {
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
    public var layer: any Layer
    public var plan: LayerPlan
    /// `3` or, inside a residual list, `3.0`: what the parameters' names begin with.
    public var path: String
    /// The entry of the `Sequential` that it belongs to.
    public var entry: Int
    public var inputs: [Int]
    public var outputs: [Int]

    /// Names as in torch.nn.Sequential's state dict.
    public var parameterNames: [String] { layer.parameters.map { "\(path).\($0.name)" } }
}

/// One entry of the `Sequential`, as the manifest lists it: what a cut may stand before or behind.
public struct Entry: Sendable {
    public var index: Int
    public var kind: String
    /// The nodes it became: none for pure re-labelling (`select`, `stash`, `pop`, `reshape`), several for `residual`.
    public var nodes: Range<Int>
    /// What it hands on.
    public var outputs: Signature
    public var parameterCount: Int
    public var cost: LayerCost
}
