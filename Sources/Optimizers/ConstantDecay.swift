public import Notation

/// The peak, all the way.
public struct ConstantDecay: Decay {
    public static let syntax = KindSyntax("constant", "Stays at `lr`.", ConstantDecay())

    /// Without settings; as manifests write it: `constant`.
    public init() {}

    /// False: the rate never falls.
    public var reachesMinimum: Bool { false }
    /// `peak`, whatever the progress.
    public func rate(from peak: Double, to minimum: Double, progress: Double) -> Double { peak }
}
