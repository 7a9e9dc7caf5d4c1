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
    /// What frames that go on from earlier positions keep between them, with room for so many positions of each sample
    /// of `input`: nothing, unless positions see earlier ones. Throws where the layer cannot go on so far.
    func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature
    /// Whether samples stay apart that share a row, as `LayerFrame.documents` says: so it is where each position is computed
    /// by itself.
    var separatesDocuments: Bool { get }
    /// Whether the passes also take frames with fewer rows than planned, and compute each row by itself: a head computes
    /// only those rows whose targets count.
    var takesFewerRows: Bool { get }
    /// The same layer with outputs of this type: for layers whose output type does not follow from their input's.
    func making(_ dtype: DType) -> Self
    /// Computes the outputs of one micro-batch; writes every output and every `saved` tensor of the frame.
    func forward(_ frame: LayerFrame, on backend: any Backend)
    /// Computes the gradients of the inputs, and what `backwardWeight` needs of the output gradients (`deferred`).
    func backwardInput(_ frame: LayerFrame, on backend: any Backend)
    /// Adds this micro-batch's gradients to those of the parameters.
    func backwardWeight(_ frame: LayerFrame, on backend: any Backend)
    /// The matrix products that adapters may stand beside; none unless the layer says so.
    var products: [Product] { get }
    /// The adapters beside its products. Their parameters are the last of `parameters`.
    var adapters: [Adapter] { get }
    /// The same layer with these adapters.
    func adapting(_ adapters: [Adapter]) -> Self
    /// Which parameters' gradients `backwardWeight` writes where these are trained, some at least: what it writes without
    /// need takes memory and is not used. The others' tensors have no elements. All of them, unless the layer can leave
    /// gradients out.
    func writtenGradients(_ trained: [Bool]) -> [Bool]
    /// Whether it can be split so over several devices; where it can be in no way, each of them computes all of it.
    func takes(_ split: LayerSplit) -> Bool
    /// A shard's part of the layer: its parameters say which part of the whole ones they are. Throws where it cannot be
    /// divided by so many.
    func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Self
    /// What may be on different stages, one behind the other: together the same passes, bit for bit. None where the layer
    /// cannot be divided so.
    var parts: [LayerPart] { get }
}

/// One of the parts that a layer may be cut into.
public struct LayerPart: Sendable {
    /// What cuts and reports call it, behind the layer's own number: `mlp`.
    public var name: String
    /// Takes what the part before it makes; its parameters have the names that they have in the whole layer.
    public var layer: any Layer

    /// The first part takes the layer's inputs, and the last makes its outputs.
    public init(name: String, layer: any Layer) {
        self.name = name
        self.layer = layer
    }
}

extension Layer {
    public var kind: String { Self.syntax.name }
    public var vocabulary: Int? { nil }
    /// False: what a layer does over positions is its own to say.
    public var separatesDocuments: Bool { false }
    /// False: a layer may have planned for all rows.
    public var takesFewerRows: Bool { false }
    public func making(_ dtype: DType) -> Self { self }
    public var products: [Product] { [] }
    public var adapters: [Adapter] { [] }
    public func adapting(_ adapters: [Adapter]) -> Self { self }
    public func writtenGradients(_ trained: [Bool]) -> [Bool] { trained.map { _ in true } }
    /// False: all of it is on each shard.
    public func takes(_ split: LayerSplit) -> Bool { false }
    /// Itself: called only where `takes`, and enough where that needs no more than inputs of fewer channels.
    public func sharded(_ shard: TensorShard, _ split: LayerSplit) throws(LayerError) -> Self { self }
    /// None: it is in one piece.
    public var parts: [LayerPart] { [] }
    /// Nothing: each position is computed by itself.
    public func cache(for input: Signature, capacity: Int) throws(LayerError) -> Signature { [] }

    /// The plan of frames that go on from earlier positions: with their cache, and scratch to match.
    public func plan(for input: Signature, capacity: Int) throws(LayerError) -> LayerPlan {
        var plan = try plan(for: input)
        plan.cache = try cache(for: input, capacity: capacity)
        plan.attention?.capacity = capacity
        return plan
    }
}

/// A parameter's name, shape and first values.
public struct ParameterSpec: Hashable, Sendable {
    /// As in torch.nn.Sequential's state dict, less the layer's own index: `weight`, `attention.qkv.bias`.
    public var name: String
    /// As torch.nn stores it: [outputs, inputs] for a matrix.
    public var shape: Shape
    /// What the first values are drawn from, where no weights are loaded.
    public var initial: Distribution
    /// Whether matrix products read it: it then reaches the passes in the activations' type, all others in f32.
    public var isMatrix: Bool
    /// Of a split layer's parameter: which part of the whole one it is. nil: it is whole.
    public var slice: TensorSlice?

    /// A parameter that matrix products do not read, unless `isMatrix` says so.
    public init(_ name: String, _ shape: Shape, _ initial: Distribution, isMatrix: Bool = false) {
        self.name = name
        self.shape = shape
        self.initial = initial
        self.isMatrix = isMatrix
    }
}

/// What a layer does with a given input signature.
public struct LayerPlan: Hashable, Sendable {
    /// One spec per output; more than one where the layer hands on a tuple.
    public var outputs: Signature
    /// Kept from the forward to the last backward half, beside what the flags below keep.
    public var saved: Signature = []
    /// Which of `saved` only `backwardInput` reads: where the halves run apart, their bytes are reused in between.
    public var releasedAfterInput: Set<Int> = []
    /// Kept from `backwardInput` to `backwardWeight`.
    public var deferred: Signature = []
    /// Whether the backward halves read the inputs, so that their memory stays until the last half.
    public var keepsInputs = false
    /// Whether of the two `backwardWeight` alone reads them: nothing keeps them where no parameter is trained.
    public var readsInputsForWeightsAlone = false
    /// Whether the backward halves read the outputs, so that their memory stays until the last half.
    public var keepsOutputs = false
    /// Whether `backwardWeight` reads the output gradients, so that they stay until it has run.
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
    /// What frames that go on from earlier positions keep between them; nothing in training.
    public var cache: Signature = []
    /// FLOPs of each pass for this input, those of adapters included.
    public var cost: LayerCost
    /// FLOPs of the adapters alone.
    public internal(set) var adapterCost = LayerCost()
    /// Specs of pieces of scratch that passes take: made once, since one made in a pass would be an allocation.
    public var pieces: Signature = []
    /// Of a split layer: what `forward` sums over all shards, in the order of the calls.
    public var forwardSums: Signature = []
    /// What `backwardInput` sums.
    public var backwardSums: Signature = []
    /// Whether `backwardInput` at last sums the first input's gradient, where that is wanted.
    public var sumsInputGradient = false

    /// A plan that keeps nothing: what the passes need besides is set afterwards.
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
    /// FLOPs of `forward`.
    public var forward: Double
    /// FLOPs of `backwardInput`.
    public var backwardInput: Double
    /// FLOPs of `backwardWeight`.
    public var backwardWeight: Double

    /// FLOPs of each pass; 0 unless given.
    public init(forward: Double = 0, backwardInput: Double = 0, backwardWeight: Double = 0) {
        self.forward = forward
        self.backwardInput = backwardInput
        self.backwardWeight = backwardWeight
    }

    /// FLOPs of all three passes.
    public var total: Double { forward + backwardInput + backwardWeight }
}

/// The tensors of one layer for one micro-batch. Built once per slot, before the first step.
public struct LayerFrame: Sendable {
    /// As the signature that was planned for.
    public var inputs: [Tensor] = []
    /// As `LayerPlan.outputs`; written by `forward`.
    public var outputs: [Tensor] = []
    /// As `LayerPlan.saved`: written by `forward`, read by the backward halves.
    public var saved: [Tensor] = []
    /// As `LayerPlan.deferred`: written by `backwardInput`, read by `backwardWeight`.
    public var deferred: [Tensor] = []
    /// f32; those with `ParameterSpec.isMatrix` in the type of the layer's activations.
    public var parameters: [Tensor] = []
    /// f32, of the parameters' shapes; without elements where `Layer.writtenGradients` says that none is written.
    public var gradients: [Tensor] = []
    /// One for each output, of its shape and type. `backwardInput` may overwrite them.
    public var outputGradients: [Tensor] = []
    /// nil where nobody needs that input's gradient.
    public var inputGradients: [Tensor?] = []
    /// At least `LayerPlan.scratchBytes(on:)` bytes that every pass may overwrite; nil where that is 0.
    public var scratch: Tensor?
    /// As `LayerPlan.pieces`.
    public var pieces: Signature = []
    /// The random stream of this layer, step and first sample. `key.layer` is a multiple of 8: a layer may hold eight
    /// streams, `key.layer + 0 … 7`.
    public var key = RandomKey(seed: 0, layer: 0)
    /// False when evaluating or generating: dropout passes its input through.
    public var isTraining = true
    /// As `LayerPlan.cache`, where the frame goes on from earlier positions: the same tensors for all frames of these
    /// samples, written and read by `forward` alone. Undefined before the frame that starts at 0.
    public var cache: [Tensor] = []
    /// The position of the frame's first token; above 0 only with a cache.
    public var start = 0
    /// Where the samples of the only row lie, one behind the other, over all of its positions; empty where each row is one
    /// sample.
    public var documents: [Range<Int>] = []
    /// The other shards of a split layer.
    public var group: (any TensorGroup)?

    /// A frame without tensors, for training.
    public init() {}
}

/// What a layer found and expected; the model adds which layer it is and where it is declared.
public struct LayerError: Error, Hashable, Sendable {
    /// What the layer takes: `width 64`.
    public var expected: String
    /// What it was given: `[2 × 8 × 32]`.
    public var got: String

    /// Both texts end up in one sentence: `expected …, got …`.
    public init(expected: String, got: String) {
        self.expected = expected
        self.got = got
    }
}
