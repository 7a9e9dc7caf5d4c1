public import Notation
public import Tensors

/// One entry of a Sequential model.
///
/// A layer is a value that holds sizes, never tensors: parameters, activations and gradients live in memory that the
/// stage planned, and reach a layer in a `LayerFrame`. Inputs and outputs are a tensor or a tuple of tensors; nothing
/// else crosses a layer boundary.
///
/// The three passes keep this contract:
/// - `forward` writes every output, and every `saved` tensor.
/// - `backwardInput` writes every input gradient that is not nil, and every `deferred` tensor: what `backwardWeight`
///   needs of it. It may overwrite the output gradients.
/// - `backwardWeight` adds to the parameters' gradients, in the order of the rows. It runs after `backwardInput` of the
///   same micro-batch, at once or much later, and sees inputs, deferred tensors and the saved ones that are not `releasedAfterInput`,
///   but no output gradients unless the plan says `keepsOutputGradients`.
///
/// A kind of layer is one file: `syntax` says how manifests write it, which settings it has, their limits and defaults.
/// A program's own kind needs `LayerKinds.register` besides, at the start of `main`.
public protocol Layer: ManifestKind {
    /// What reports, plans and `partition: type:REGEX` call this layer: its kind, unless one kind does several things.
    var kind: String { get }
    /// How many token ids this layer looks up; nil where it takes none.
    var vocabulary: Int? { get }
    /// Names as in torch.nn.Sequential's state dict, less the layer's own index.
    var parameters: [ParameterSpec] { get }
    /// Everything that is known before anything runs. Throws when the input does not fit.
    func plan(for input: Signature) throws(LayerError) -> LayerPlan
    /// The same layer with outputs of this type: for layers whose output type does not follow from their input's.
    func making(_ dtype: DType) -> Self
    func forward(_ frame: LayerFrame, on backend: any Backend)
    func backwardInput(_ frame: LayerFrame, on backend: any Backend)
    func backwardWeight(_ frame: LayerFrame, on backend: any Backend)
}

extension Layer {
    public var kind: String { Self.syntax.name }
    public var vocabulary: Int? { nil }
    public func making(_ dtype: DType) -> Self { self }
}

/// A parameter's name, shape and first values.
public struct ParameterSpec: Hashable, Sendable {
    public var name: String
    public var shape: Shape
    public var initial: Distribution
    /// Whether matrix products read it: it then reaches the passes in the activations' type, all others in f32.
    public var isMatrix: Bool

    public init(_ name: String, _ shape: Shape, _ initial: Distribution, isMatrix: Bool = false) {
        self.name = name
        self.shape = shape
        self.initial = initial
        self.isMatrix = isMatrix
    }
}

/// What a layer does with a given input signature.
public struct LayerPlan: Hashable, Sendable {
    public var outputs: Signature
    /// Kept from the forward to the last backward half, beside what the flags below keep.
    public var saved: Signature = []
    /// Which of `saved` only `backwardInput` reads: where the halves run apart, their bytes are reused in between.
    public var releasedAfterInput: Set<Int> = []
    /// Kept from `backwardInput` to `backwardWeight`.
    public var deferred: Signature = []
    /// Whether the backward halves read the inputs, the outputs; whether `backwardWeight` reads the output gradients.
    public var keepsInputs = false
    public var keepsOutputs = false
    public var keepsOutputGradients = false
    /// Outputs that are a view of an input (output index → input index): same bytes, perhaps another shape. Their
    /// gradients are views likewise, and the passes do nothing for them.
    public var views: [Int: Int] = [:]
    /// Inputs that carry no gradient (token ids): index into the input signature.
    public var withoutGradient: Set<Int> = []
    /// Bytes of scratch that each pass may overwrite, beside the backend's own for `attention`.
    public var scratchBytes = 0
    /// The attention that the passes call: how much scratch it takes is the backend's to say.
    public var attention: AttentionShape?
    public var cost: LayerCost

    public init(outputs: Signature, cost: LayerCost) {
        self.outputs = outputs
        self.cost = cost
    }

    /// Bytes of `LayerFrame.scratch`, which starts on a 64-byte line.
    public func scratchBytes(on backend: any Backend) -> Int {
        scratchBytes + (attention.map { Scratch.aligned(backend.attentionScratch($0, outputs[0].dtype)) } ?? 0)
    }
}

/// FLOPs of each pass for one micro-batch; multiply and add count as two.
public struct LayerCost: Hashable, Sendable {
    public var forward: Double
    public var backwardInput: Double
    public var backwardWeight: Double

    public init(forward: Double = 0, backwardInput: Double = 0, backwardWeight: Double = 0) {
        self.forward = forward
        self.backwardInput = backwardInput
        self.backwardWeight = backwardWeight
    }

    public var total: Double { forward + backwardInput + backwardWeight }
}

/// The tensors of one layer for one micro-batch. Built once per slot, before the first step.
public struct LayerFrame: Sendable {
    public var inputs: [Tensor] = []
    public var outputs: [Tensor] = []
    public var saved: [Tensor] = []
    public var deferred: [Tensor] = []
    /// f32; those with `ParameterSpec.isMatrix` in the type of the layer's activations.
    public var parameters: [Tensor] = []
    /// f32, of the parameters' shapes.
    public var gradients: [Tensor] = []
    public var outputGradients: [Tensor] = []
    /// nil where nobody needs that input's gradient.
    public var inputGradients: [Tensor?] = []
    public var scratch: Tensor?
    /// The random stream of this layer, step and first sample. `key.layer` is a multiple of 8: a layer may hold eight
    /// streams, `key.layer + 0 … 7`.
    public var key = RandomKey(seed: 0, layer: 0)
    /// False when evaluating or generating: dropout passes its input through.
    public var isTraining = true

    public init() {}
}

/// What a layer found and expected; the model adds which layer it is and where it is declared.
public struct LayerError: Error, Hashable, Sendable {
    public var expected: String
    public var got: String

    public init(expected: String, got: String) {
        self.expected = expected
        self.got = got
    }
}
