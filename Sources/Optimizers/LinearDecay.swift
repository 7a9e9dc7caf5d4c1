public import Notation

/// peak + (minimum − peak) · x
public struct LinearDecay: Decay {
    public static let syntax = KindSyntax("linear", "Falls by the same amount in each step.", LinearDecay())

    /// Without settings; as manifests write it: `linear`.
    public init() {}

    /// peak + (minimum − peak) · progress
    public func rate(from peak: Double, to minimum: Double, progress: Double) -> Double {
        peak + (minimum - peak) * progress
    }
}
