import Tensors

/// How a row is brought to unit size.
public enum Normalisation: String, Hashable, Sendable, CaseIterable {
    /// (x − mean) / √(variance + ε) · weight + bias: Ba et al., arXiv 1607.06450
    case layerNorm = "layer-norm"
    /// x / √(mean of x² + ε) · weight: Zhang and Sennrich, arXiv 1910.07467
    case rmsNorm = "rms-norm"

    /// PyTorch's for layer-norm; what LLaMA's descendants use for rms-norm.
    public var usualEpsilon: Double { self == .layerNorm ? 1e-5 : 1e-6 }

    /// f32[rows × 2] (mean, 1/σ), or [rows × 1] (1/rms).
    func statistics(rows: Int) -> TensorSpec { TensorSpec([rows, self == .layerNorm ? 2 : 1]) }

    /// Weight, and bias where there is one. With `unitOffset` the weight starts at 0, since 1 is added to it.
    func parameters(_ prefix: String, width: Int, bias: Bool, unitOffset: Bool = false) -> [ParameterSpec] {
        let weight = ParameterSpec(prefix + "weight", unchecked: [width], .constant(unitOffset ? 0 : 1))
        let bias = bias ? [ParameterSpec(prefix + "bias", unchecked: [width], .constant(0))] : []
        return [weight] + bias
    }

    func forward(
        _ x: Tensor, _ parameters: Norm, epsilon: Float, into y: Tensor, statistics: Tensor, on backend: any Backend
    ) {
        switch self {
        case .layerNorm:
            backend.layerNorm(
                x, weight: parameters.weight, bias: parameters.bias, epsilon: epsilon, into: y, statistics: statistics)
        case .rmsNorm:
            backend.rmsNorm(
                x, weight: parameters.weight, unitOffset: parameters.unitOffset, epsilon: epsilon, into: y,
                statistics: statistics)
        }
    }

    /// dx (+)= the gradient of x
    func backwardInput(
        _ dy: Tensor, x: Tensor, _ parameters: Norm, statistics: Tensor, into dx: Tensor, accumulate: Bool,
        on backend: any Backend
    ) {
        switch self {
        case .layerNorm:
            backend.layerNormBackwardInput(
                dy, x: x, weight: parameters.weight, statistics: statistics, into: dx, accumulate: accumulate)
        case .rmsNorm:
            backend.rmsNormBackwardInput(
                dy, x: x, weight: parameters.weight, unitOffset: parameters.unitOffset, statistics: statistics,
                into: dx, accumulate: accumulate)
        }
    }

    /// gradients += those of weight and bias
    func backwardWeight(
        _ dy: Tensor, x: Tensor, statistics: Tensor, into gradients: Norm, on backend: any Backend
    ) {
        switch self {
        case .layerNorm:
            backend.layerNormBackwardWeight(
                dy, x: x, statistics: statistics, dweight: gradients.weight, dbias: gradients.bias)
        case .rmsNorm:
            backend.rmsNormBackwardWeight(dy, x: x, statistics: statistics, dweight: gradients.weight)
        }
    }
}

/// A normalisation's parameters, or their gradients. weight, bias: [width]
struct Norm {
    let weight: Tensor
    let bias: Tensor?
    /// Whether 1 is added to the weight: of an RMS norm.
    let unitOffset: Bool

    init(weight: Tensor, bias: Tensor?, unitOffset: Bool = false) {
        self.weight = weight
        self.bias = bias
        self.unitOffset = unitOffset
    }

    /// The next weight, and its bias if it has one, of a list in state-dict order.
    init(_ list: inout IndexingIterator<[Tensor]>, bias: Bool) {
        guard let weight = list.next() else { preconditionFailure("a frame with fewer parameters than its layer") }
        self.init(weight: weight, bias: bias ? list.next() : nil)
    }
}
