public import Notation

/// The peak, all the way.
public struct ConstantDecay: Decay {
    public static let syntax = KindSyntax("constant", "Stays at `lr`.", ConstantDecay())

    public init() {}

    public var reachesMinimum: Bool { false }
    public func rate(from peak: Double, to minimum: Double, progress: Double) -> Double { peak }
}
