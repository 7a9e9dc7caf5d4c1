internal import Foundation
public import Notation

/// minimum + (peak − minimum) · (1 + cos πx) / 2: Loshchilov and Hutter, arXiv 1608.03983, without restarts.
public struct CosineDecay: Decay {
    public static let syntax = KindSyntax("cosine", "Falls along half a cosine.", CosineDecay())

    /// Without settings; as manifests write it: `cosine`.
    public init() {}

    /// minimum + (peak − minimum) · (1 + cos(π · progress)) / 2
    public func rate(from peak: Double, to minimum: Double, progress: Double) -> Double {
        minimum + (peak - minimum) * (1 + cos(.pi * progress)) / 2
    }
}
