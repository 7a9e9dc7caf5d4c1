import Tensors

/// What a step leaves for the run to add up.
extension StageExecutor {
    /// Σ over the global batch of every row's loss, not yet divided; nil but on the last stage.
    package func lossSum() -> Double? { rowLosses.map { backend.sum($0) } }

    /// The same of the first so many samples, where each has as many rows of losses.
    package func lossSum(samples: Int) -> Double? {
        lossSum { losses in losses.count / (microBatches * micro) * samples }
    }

    /// The same of the first so many micro-batches.
    package func lossSum(microBatches count: Int) -> Double? {
        lossSum { losses in losses.count / microBatches * count }
    }

    private func lossSum(_ rows: (Tensor) -> Int) -> Double? {
        rowLosses.map { backend.sum($0.slice(start: 0, [rows($0)])) }
    }

    /// Σ of the squared gradients of each node that has parameters, in the model's order. A tie counts at its first member,
    /// once all members hold the sum.
    package func gradientSquares() -> [Double] {
        var squares = backend.sumsOfSquares(memory.allCountedGradients)[...]
        return zip(memory.gradients, memory.countedGradients).lazy.filter { !$0.0.isEmpty }.map { _, counted in
            defer { squares = squares.dropFirst(counted.count) }
            return squares.prefix(counted.count).reduce(0, +)
        }
    }
}
