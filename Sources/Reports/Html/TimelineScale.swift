/// How a step's time becomes width, and its ranks height: the same for the measured and the ideal step.
struct TimelineScale {
    /// Units from left to right; the drawing is stretched to what room there is.
    static let width = 100_000.0

    let lengthMs: Double
    let laneHeight: Int
    /// Milliseconds, at most nine of them.
    let ticks: [Double]
    /// Decimals that tell the ticks apart.
    let digits: Int

    init(_ step: MedianStep, _ ideal: MedianStep?) {
        let length = max(step.lengthMs, ideal?.lengthMs ?? 0)
        lengthMs = length
        laneHeight =
            switch step.lanes.count {
            case ...8: 26
            case ...16: 18
            case ...32: 12
            case ...64: 8
            default: 4
            }
        let unit = Self.roundUp(length / 8)
        ticks = (0...8).map { Double($0) * unit }.filter { $0 <= length }
        digits = unit >= 1 ? 0 : unit >= 0.1 ? 1 : unit >= 0.01 ? 2 : 4
    }

    /// To 1, 2 or 5 times a power of ten.
    private static func roundUp(_ value: Double) -> Double {
        var unit = 1e-6
        while unit < value {
            for factor in [1.0, 2, 5] where unit * factor >= value { return unit * factor }
            unit *= 10
        }
        return unit
    }

    /// Whole units, within the drawing.
    func x(_ ms: Double) -> Int {
        let share = ms / lengthMs
        return share.isFinite ? Int((min(1, max(0, share)) * Self.width).rounded()) : 0
    }
}
