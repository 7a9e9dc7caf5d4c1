/// Limits the global norm of all gradients, as torch.nn.utils.clip_grad_norm_ does.
public struct Clipping: Hashable, Sendable {
    /// What the global norm is brought down to where it is larger; above 0.
    public let maximumNorm: Double

    /// Throws unless the largest norm is a positive number.
    public init(maximumNorm: Double) throws(OptimizerError) {
        guard maximumNorm.isFinite, maximumNorm > 0 else {
            throw OptimizerError(setting: "clip", expected: "a number above 0", got: "\(maximumNorm)")
        }
        self.maximumNorm = maximumNorm
    }

    /// The global norm √Σ, from each parameter's sum of squares in layer order.
    ///
    /// The sum runs in the order given and in f64, so it does not depend on which stage a parameter belongs to.
    public static func norm(sumsOfSquares: some Sequence<Double>) -> Double {
        var total = 0.0
        for sum in sumsOfSquares { total += sum }
        return total.squareRoot()
    }

    /// What to multiply every gradient with: min(1, maximum / (norm + 10⁻⁶)); NaN when the norm is.
    public func factor(norm: Double) -> Float {
        let factor = maximumNorm / (norm + 1e-6)
        return factor >= 1 ? 1 : Float(factor)
    }
}
