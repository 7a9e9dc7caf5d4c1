/// The factor that keeps small f16 gradients above zero: grows while all is well, shrinks when a gradient overflows.
///
/// DeepSpeed's rule, step by step (iterations count from 0, the last overflow lies at −1 before there was one):
///
///     overflow:   the step is skipped. hysteresis > 1: hysteresis −= 1; else scale = max(scale / 2, minimum),
///                 an error where it is at the minimum already
///     no overflow, and iteration − last overflow − 1 > 0 and divisible by the window:
///                 scale ·= 2, hysteresis as at the beginning
public struct LossScaler: Hashable, Sendable {
    public struct Settings: Hashable, Sendable {
        /// A fixed scale; nil: dynamic.
        public var fixed: Double?
        /// The first scale is 2 to this power.
        public var initialPower: Int
        public var window: Int
        public var hysteresis: Int
        public var minimum: Double

        public init(
            fixed: Double? = nil, initialPower: Int = 16, window: Int = 1000, hysteresis: Int = 2, minimum: Double = 1
        ) {
            self.fixed = fixed
            self.initialPower = initialPower
            self.window = window
            self.hysteresis = hysteresis
            self.minimum = minimum
        }
    }

    public let settings: Settings
    public private(set) var scale: Double
    private var hysteresis: Int
    private var iteration = 0
    private var lastOverflow = -1

    /// - Precondition: a positive window, hysteresis, minimum and fixed scale; a power from 0 to 126.
    public init(_ settings: Settings) {
        precondition(settings.window >= 1 && settings.hysteresis >= 1 && settings.minimum > 0, "\(settings)")
        precondition((0...126).contains(settings.initialPower) && settings.fixed ?? 1 > 0, "\(settings)")
        self.settings = settings
        scale = settings.fixed ?? (0..<settings.initialPower).reduce(1) { scale, _ in scale * 2 }
        hysteresis = settings.hysteresis
    }

    /// Takes note of how a step went; the step is to be skipped when it overflowed.
    /// - Throws: when the scale cannot shrink any further.
    public mutating func update(overflow: Bool) throws(OptimizerError) {
        defer { iteration += 1 }
        guard settings.fixed == nil else { return }
        if overflow {
            lastOverflow = iteration
            try shrink()
        } else {
            let stable = iteration - lastOverflow - 1
            if stable > 0, stable.isMultiple(of: settings.window) {
                scale *= 2
                hysteresis = settings.hysteresis
            }
        }
    }

    private mutating func shrink() throws(OptimizerError) {
        if hysteresis > 1 {
            hysteresis -= 1
        } else if scale <= settings.minimum {
            throw OptimizerError(
                setting: "loss scale", expected: "finite gradients at the smallest scale, \(settings.minimum)",
                got: "an overflow: the run diverges in f16")
        } else {
            scale = max(scale / 2, settings.minimum)
        }
    }
}
