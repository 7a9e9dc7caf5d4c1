/// In which order the samples of a data set are trained on: a pure function of the position in the run.
package enum SampleOrder: Hashable, Sendable {
    /// As they are stored, over and over.
    case sequential
    /// Each epoch in another random order, every sample once.
    case shuffled(seed: UInt64)

    /// The sample at a position, counted from the run's beginning over all epochs.
    func sample(at position: UInt128, of count: Int) -> Int {
        let (epoch, index) = position.quotientAndRemainder(dividingBy: UInt128(count))
        switch self {
        case .sequential: return Int(index)
        case .shuffled(let seed):
            return Permutation(count: count, seed: seed, epoch: UInt64(truncatingIfNeeded: epoch))[Int(index)]
        }
    }
}
