public import Notation
public import Tensors

/// The mean over every element of (prediction − target)², as torch.nn.functional.mse_loss.
///
/// prediction: [batch, …]; targets: f32 of the same shape; the normaliser counts the elements of the global batch.
public struct MeanSquaredError: Loss {
    public static let syntax = KindSyntax(
        "mean-squared-error", "On rows: the mean over every element of (prediction − target)².", MeanSquaredError())
    public static let targets = LossTargets.numbers

    /// Without settings; as manifests write it: `mean-squared-error`.
    public init() {}

    public func targets(for prediction: Signature) throws(LayerError) -> TensorSpec {
        let prediction = try prediction.oneTensor()
        try prediction.requireFloatingPoint()
        return TensorSpec(prediction.shape)
    }

    /// One for each row of the prediction: [batch, …] less the innermost axis.
    public func rows(for prediction: Signature) -> Int { prediction.first?.shape.rows ?? 0 }

    /// Difference, square, sum, and the gradient's scale.
    public func cost(for prediction: Signature) -> Double { 4 * Double(prediction.first?.count ?? 0) }

    /// Overwrites the prediction with 2 · (prediction − target) · gradientScale / normaliser.
    public func evaluate(
        _ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float,
        on backend: any Backend
    ) {
        backend.meanSquaredError(
            prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses,
            gradientScale: gradientScale)
    }
}
