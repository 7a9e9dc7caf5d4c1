import Foundation

/// Round numbers along an axis, from the least value to the largest.
struct AxisTicks {
    /// At most eleven.
    let values: [Double]
    /// Decimals that tell them apart.
    let digits: Int

    /// - Parameters:
    ///   - range: finite, and not empty.
    ///   - count: about how many there should be.
    init(_ range: ClosedRange<Double>, count: Int) {
        let unit = Self.roundUp((range.upperBound - range.lowerBound) / Double(count))
        let first = (range.lowerBound / unit).rounded(.up)
        let last = (range.upperBound / unit).rounded(.down)
        // Where the range is but a few of its numbers' last bits, there are none.
        values =
            last - first >= 0 && last - first <= 10 ? (0...Int(last - first)).map { (first + Double($0)) * unit } : []
        digits = unit >= 1 ? 0 : min(9, Int((-log10(unit) - 1e-9).rounded(.up)))
    }

    /// To 1, 2 or 5 times a power of ten.
    private static func roundUp(_ value: Double) -> Double {
        guard value.isFinite, value > 0 else { return 1 }
        let power = pow(10, log10(value).rounded(.down))
        return [1, 2, 5].map { $0 * power }.first { $0 >= value * (1 - 1e-9) } ?? 10 * power
    }
}
