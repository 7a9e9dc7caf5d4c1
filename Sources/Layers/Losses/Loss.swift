public import Notation
public import Tensors

/// What a model is trained to lower. Runs on the last stage as part of the last forward, where it turns the prediction
/// into its gradient in place.
public protocol Loss: ManifestKind {
    /// What its targets are.
    static var targets: LossTargets { get }
    /// The signature of one micro-batch's targets for a prediction. Throws when the prediction does not fit.
    func targets(for prediction: Signature) throws(LayerError) -> TensorSpec
    /// How many ids a prediction tells apart, where the targets are tokens.
    func vocabulary(of prediction: TensorSpec) -> Int?
    /// The target that leaves its row out; nil where all rows count.
    var ignoredTarget: Int32? { get }
    /// Rows that have a loss of their own in one micro-batch.
    func rows(for prediction: Signature) -> Int
    /// FLOPs for one micro-batch.
    func cost(for prediction: Signature) -> Double
    /// prediction := its gradient · gradientScale / normaliser; rowLosses: f32[rows], neither divided nor scaled.
    func evaluate(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float,
        on backend: any Backend)
    /// Whether shards that have some of the prediction's channels each can evaluate it together.
    var takesChannels: Bool { get }
    /// The same where this shard's prediction has some channels of each row.
    func evaluate(
        _ prediction: Tensor, _ shard: PredictionShard, targets: Tensor, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float, on backend: any Backend)
}

/// A shard's part of a prediction whose channels are split.
public struct PredictionShard: Sendable {
    /// The number of its first channel in the whole.
    public var first: Int
    /// The shards.
    public var group: any TensorGroup
    private let room: Tensor
    private let ownRoom: Tensor

    /// Of channels from `first` on.
    /// - Parameter parts: f32[shards × rows × 3]: where all shards' parts of each row's loss come together.
    public init(first: Int, parts: Tensor, group: any TensorGroup) {
        self.first = first
        self.group = group
        room = parts
        let size = parts.count / group.shard.count
        ownRoom = parts.slice(start: size * group.shard.index, [size])
    }

    /// All shards' parts of so many rows, and this shard's among them.
    func parts(rows: Int) -> (all: Tensor, own: Tensor) {
        let size = 3 * rows
        // Views that are there: one made in a pass is an allocation.
        guard size < ownRoom.count else { return (room, ownRoom) }
        return (
            room.slice(start: 0, [size * group.shard.count]), room.slice(start: size * group.shard.index, [size])
        )
    }
}

/// What a loss compares a prediction with, and so what data it needs.
public enum LossTargets: Sendable {
    /// i32: the next token of each.
    case tokens
    /// f32: rows of numbers.
    case numbers
}

extension Loss {
    public var kind: String { Self.syntax.name }
    public func vocabulary(of prediction: TensorSpec) -> Int? { nil }
    /// False: each shard has the whole prediction.
    public var takesChannels: Bool { false }
    /// Called only where `takesChannels`.
    public func evaluate(
        _ prediction: Tensor, _ shard: PredictionShard, targets: Tensor, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float, on backend: any Backend
    ) { preconditionFailure("\(kind) of a split prediction") }
    /// nil: all rows count.
    public var ignoredTarget: Int32? { nil }

    /// The same with unscaled gradients, for f32 and bf16.
    public func evaluate(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, on backend: any Backend
    ) {
        evaluate(
            prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses, gradientScale: 1, on: backend)
    }
}
