import Notation
import Optimizers

extension PipelineManifest {
    /// `adamw` unless written; `{adamw: {lr: 1e-3}}`.
    static func optimizer(_ field: Field?) throws(ManifestError) -> any Optimizer {
        guard let field else { return AdamW() }
        return try OptimizerKinds.registry.read(field)
    }

    /// `{warmup: 20, decay: cosine, minimum: 1e-5}`
    /// - Parameter peak: the optimizer's rate, which the minimum may not exceed.
    static func learningRate(_ field: Field?, peak: Double) throws(ManifestError) -> LearningRate {
        guard let field else { return LearningRate() }
        let rate = try LearningRate.syntax.kind(field, field)
        if rate.minimum > peak, let minimum = try Fields(field, keys: Schema.learningRate)["minimum"] {
            throw minimum.error(expected: "a number from 0 to the optimizer's lr, \(peak)")
        }
        return rate
    }
}
