import Layers
import Tensors

extension Loss {
    /// Evaluates a prediction, or a shard's part of it.
    func evaluate(
        _ prediction: Tensor, _ shard: PredictionShard?, targets: Tensor, _ normaliser: Tensor, rowLosses: Tensor,
        gradientScale: Float, on backend: any Backend
    ) {
        if let shard {
            evaluate(
                prediction, shard, targets: targets, normaliser: normaliser, rowLosses: rowLosses,
                gradientScale: gradientScale, on: backend)
        } else {
            evaluate(
                prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses,
                gradientScale: gradientScale,
                on: backend)
        }
    }
}
