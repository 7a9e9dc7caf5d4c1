import Tensors

/// Counts that more than one layer uses. A bias is added in a product's epilogue and is not counted.
extension LayerCost {
    /// x · Wᵀ, dy · W and dyᵀ · x: 2 · rows · inputs · outputs each.
    static func linear(rows: Int, inputs: Int, outputs: Int) -> LayerCost {
        let product = 2 * Double(rows) * Double(inputs) * Double(outputs)
        return LayerCost(forward: product, backwardInput: product, backwardWeight: product)
    }

    /// Q·Kᵀ and P·V forward: 2 · 2 · batch · sequence² · width, half of it where causal, less where a window hides more.
    /// Backward 2.5 times that: Q·Kᵀ again, dO·Vᵀ, Pᵀ·dO, dS·K and dSᵀ·Q (Dao, FlashAttention-2, arXiv 2307.08691,
    /// section 4.1).
    static func attention(_ shape: AttentionShape) -> LayerCost {
        let sequence = Double(shape.sequence)
        let square = Double(shape.batch) * sequence * sequence * Double(shape.width)
        let window = min(Double(shape.window ?? shape.sequence) / sequence, 1)
        let forward = 4 * square * (shape.causal ? window * (1 - 0.5 * window) : 1)
        return LayerCost(forward: forward, backwardInput: 2.5 * forward)
    }

    /// Mean, variance, scale and shift: about 8 operations per element; backward 12 for the input, 4 for the weight.
    static func normalisation(count: Int) -> LayerCost {
        elementwise(count, forward: 8, backwardInput: 12, backwardWeight: 4)
    }

    /// About 10 operations per element where an exponential is taken, 1 for relu.
    static func activation(_ kind: Activation, count: Int) -> LayerCost {
        let each: Double = kind == .relu ? 1 : 10
        return elementwise(count, forward: each, backwardInput: each + 1)
    }

    static func elementwise(
        _ count: Int, forward: Double, backwardInput: Double, backwardWeight: Double = 0
    ) -> LayerCost {
        let count = Double(count)
        return LayerCost(
            forward: count * forward, backwardInput: count * backwardInput, backwardWeight: count * backwardWeight)
    }

    static func + (a: LayerCost, b: LayerCost) -> LayerCost {
        LayerCost(
            forward: a.forward + b.forward, backwardInput: a.backwardInput + b.backwardInput,
            backwardWeight: a.backwardWeight + b.backwardWeight)
    }
}
