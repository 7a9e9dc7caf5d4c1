public import Notation

/// The factor that keeps small f16 gradients above zero: grows while all is well, shrinks when a gradient overflows.
///
/// DeepSpeed's rule, step by step (iterations count from 0, the last overflow lies at −1 before there was one):
///
///     overflow:   the step is skipped. hysteresis > 1: hysteresis −= 1; else scale = max(scale / 2, minimum),
///                 an error where it is at the minimum already
///     no overflow, and iteration − last overflow − 1 > 0 and divisible by the window:
///                 scale ·= 2, hysteresis as at the beginning
public struct LossScaler: Hashable, Sendable {
    /// `precision: {f16: {initial_scale_power: 12}}`: DeepSpeed's names and defaults.
    public struct Settings: ManifestKind {
        /// A fixed scale; 0: dynamic.
        public internal(set) var fixed: Double
        /// The first scale is 2 to this power.
        public internal(set) var initialPower: Int
        /// Steps without overflow after which a dynamic scale doubles.
        public internal(set) var window: Int
        /// Overflows until a dynamic scale first halves; from then on each halves it, until it doubles again.
        public internal(set) var hysteresis: Int
        /// A dynamic scale falls no lower.
        public internal(set) var minimum: Double

        public static let syntax = KindSyntax(
            "f16", "f16, with a loss scale that keeps small gradients above 0.", Settings(),
            [
                .defaulted("loss_scale", \.fixed, .scale, "a fixed scale, or 0 for one that follows the gradients"),
                .defaulted(
                    "initial_scale_power", \.initialPower, .whole(0...126), "it begins at 2 to this power",
                    when: isDynamic),
                .defaulted(
                    "loss_scale_window", \.window, .count(from: 1), "steps without overflow after which it doubles",
                    when: isDynamic),
                .defaulted(
                    "hysteresis", \.hysteresis, .count(from: 1), "overflows after which it halves", when: isDynamic),
                .defaulted("min_loss_scale", \.minimum, .positiveScale, "it falls no lower", when: isDynamic),
            ])

        private static let isDynamic = Condition<Settings>(on: "loss_scale", otherwise: "with a fixed loss_scale") {
            $0.fixed == 0
        }

        /// DeepSpeed's defaults: dynamic, from 2¹⁶ on.
        public init(
            fixed: Double = 0, initialPower: Int = 16, window: Int = 1000, hysteresis: Int = 2, minimum: Double = 1
        ) {
            self.fixed = fixed
            self.initialPower = initialPower
            self.window = window
            self.hysteresis = hysteresis
            self.minimum = minimum
        }
    }

    /// What it remembers from step to step.
    public struct State: Codable, Hashable, Sendable {
        /// What gradients are multiplied by at present.
        public var scale: Double
        /// Overflows until the scale halves.
        public var hysteresis: Int
        /// Steps so far, skipped ones included.
        public var iteration = 0
        /// The iteration of the last overflow; −1 before there was one.
        public var lastOverflow = -1

        /// Before the first step.
        init(_ settings: Settings) {
            let first = (0..<settings.initialPower).reduce(1.0) { scale, _ in scale * 2 }
            scale = settings.fixed > 0 ? settings.fixed : first
            hysteresis = settings.hysteresis
        }
    }

    /// What the run was started with.
    public let settings: Settings
    /// What a checkpoint keeps of the scaler.
    public internal(set) var state: State
    /// What the next step's gradients are multiplied by.
    public var scale: Double { state.scale }

    /// - Parameters:
    ///   - settings: within their limits.
    ///   - state: where a run goes on; nil: at the beginning.
    /// - Precondition: settings within their limits.
    public init(_ settings: Settings, state: State? = nil) {
        precondition(settings.complaint == nil, "\(settings)")
        self.settings = settings
        self.state = state ?? State(settings)
    }

    /// Takes note of how a step went; the step is to be skipped when it overflowed.
    /// - Throws: when the scale cannot shrink any further.
    public mutating func update(overflow: Bool) throws(OptimizerError) {
        defer { state.iteration += 1 }
        guard settings.fixed == 0 else { return }
        if overflow {
            state.lastOverflow = state.iteration
            try shrink()
        } else {
            let stable = state.iteration - state.lastOverflow - 1
            if stable > 0, stable.isMultiple(of: settings.window) {
                state.scale *= 2
                state.hysteresis = settings.hysteresis
            }
        }
    }

    private mutating func shrink() throws(OptimizerError) {
        if state.hysteresis > 1 {
            state.hysteresis -= 1
        } else if scale <= settings.minimum {
            throw OptimizerError(
                setting: "loss scale", expected: "finite gradients at the smallest scale, \(settings.minimum)",
                got: "an overflow: the run diverges in f16")
        } else {
            state.scale = max(scale / 2, settings.minimum)
        }
    }
}

extension ValueSyntax<Double> {
    /// What a loss scale may be, as f32 and above any gradient's need.
    fileprivate static var scale: Self {
        number("0 (dynamic) or more, at most 2^126") { $0 >= 0 && $0 <= 0x1p126 }
    }

    fileprivate static var positiveScale: Self { number("above 0, at most 2^126") { $0 > 0 && $0 <= 0x1p126 } }
}
