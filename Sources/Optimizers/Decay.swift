public import Notation

/// How the learning rate goes from its peak, right after the warm-up, to its minimum at the last step.
public protocol Decay: ManifestKind {
    /// Whether the rate ends at `learning_rate.minimum`; the key has no effect otherwise.
    var reachesMinimum: Bool { get }
    /// Over how many of the run's last steps the rate falls; before that it stays at the peak.
    /// - Parameters:
    ///   - all: the steps behind the peak: more than these count as these.
    ///   - steps: of the whole run.
    func steps(behindPeak all: Int, of steps: Int) -> Int
    /// - Parameters:
    ///   - peak: the optimizer's rate.
    ///   - minimum: `learning_rate.minimum`.
    ///   - progress: 0 where the fall begins, 1 from the last step on.
    func rate(from peak: Double, to minimum: Double, progress: Double) -> Double
}

extension Decay {
    /// True: most decays end at the minimum.
    public var reachesMinimum: Bool { true }
    /// All steps behind the peak.
    public func steps(behindPeak all: Int, of steps: Int) -> Int { all }
}
