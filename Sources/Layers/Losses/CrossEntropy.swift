public import Notation
public import Tensors

/// −log softmax(logits)[target], as torch.nn.functional.cross_entropy, fused with its gradient.
///
/// logits: [batch, …, classes]; targets: i32[batch, …]. A target of `ignoreIndex` has no loss and no gradient.
///
///     Sequential(loss: CrossEntropy()) { … }      // loss: cross-entropy
public struct CrossEntropy: Loss {
    public static let syntax = KindSyntax(
        "cross-entropy", "On tokens: −log of the probability of each next one.", CrossEntropy())
    public static let targets = LossTargets.tokens

    /// Targets with this value count as absent.
    public let ignoreIndex: Int

    /// For tests: manifests do not hold the value, so a loss that a worker reads from one has −100, as in PyTorch.
    package init(ignoreIndex: Int) { self.ignoreIndex = ignoreIndex }

    /// Targets of −100 do not count.
    public init() { self.init(ignoreIndex: -100) }

    public func targets(for prediction: Signature) throws(LayerError) -> TensorSpec {
        let logits = try prediction.oneTensor()
        try logits.requireFloatingPoint()
        guard logits.shape.rank >= 2 else {
            throw LayerError(expected: "logits [batch × … × classes]", got: prediction.words)
        }
        return try TensorSpec.checked(logits.shape.extents.dropLast(), .i32)
    }

    public func vocabulary(of prediction: TensorSpec) -> Int? { prediction.shape.width }

    /// `ignoreIndex`
    public var ignoredTarget: Int32? { Int32(exactly: ignoreIndex) }

    /// One for each target: [batch, …].
    public func rows(for prediction: Signature) -> Int { prediction.first?.shape.rows ?? 0 }

    /// Maximum, exponential, sum, and the gradient: about 8 operations per logit.
    public func cost(for prediction: Signature) -> Double { 8 * Double(prediction.first?.count ?? 0) }

    /// Overwrites the logits with (softmax − one-hot) · gradientScale / normaliser.
    public func evaluate(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float,
        on backend: any Backend
    ) {
        backend.crossEntropy(
            prediction, targets: targets, ignoreIndex: ignoreIndex, normaliser: normaliser, rowLosses: rowLosses,
            gradientScale: gradientScale)
    }

    /// True: what a row's loss needs of each shard is three numbers.
    public var takesChannels: Bool { true }

    /// One sum over the shards brings each row's maxima, sums of exponentials and the target's logit together: each shard's
    /// in a place of its own, where the others add 0.
    public func evaluate(
        _ prediction: Tensor, _ shard: PredictionShard, targets: Tensor, normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float, on backend: any Backend
    ) {
        let (parts, own) = shard.parts(rows: targets.count)
        backend.zero(parts)
        backend.crossEntropyPart(prediction, targets: targets, first: shard.first, into: own)
        shard.group.sum(parts)
        backend.crossEntropy(
            prediction, targets: targets, first: shard.first, parts: parts, ignoreIndex: ignoreIndex,
            normaliser: normaliser, rowLosses: rowLosses, gradientScale: gradientScale)
    }
}
