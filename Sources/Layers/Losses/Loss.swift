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
