internal import Foundation
public import Notation

/// Warm-up, stable, decay: the peak for most of the run, then a fall over its last steps. Hu et al. (MiniCPM), arXiv
/// 2404.06395; names and shapes are those of Hugging Face's `get_wsd_schedule`.
///
///     learning_rate: {warmup: 100, decay: {wsd: {decay_steps: 500, shape: 1-sqrt}}}
public struct StableDecay: Decay {
    /// How the rate falls; x goes from 0 to 1, and the rate is minimum + (peak − minimum) · factor.
    public enum Shape: String, Hashable, Sendable, CaseIterable {
        /// (1 + cos πx) / 2
        case cosine
        /// 1 − x
        case linear
        /// 1 − √x: Hägele et al., arXiv 2405.18392.
        case root = "1-sqrt"
    }
    /// The last steps, in which the rate falls; nil: `decayShare` of all.
    public internal(set) var decaySteps: Int?
    /// The same as a share of the whole run's steps.
    public internal(set) var decayShare: Double
    /// How the rate falls.
    public internal(set) var shape: Shape

    public static let syntax = KindSyntax(
        "wsd", "Stays at `lr`, and falls in the last steps.", StableDecay(),
        [
            .optional(
                "decay_steps", \.decaySteps, .count(from: 1),
                "how many steps it falls for; at most all behind the warm-up",
                usual: "`decay_share` of all"),
            .defaulted(
                "decay_share", \.decayShare, .number("above 0 and at most 1") { $0 > 0 && $0 <= 1 },
                "the same as a share of all steps",
                when: Condition(on: "decay_steps", otherwise: "beside decay_steps") { $0.decaySteps == nil }),
            .defaulted("shape", \.shape, .choice(), "how it falls"),
        ])

    /// Half a cosine over the last tenth of the run unless given.
    public init(decaySteps: Int? = nil, decayShare: Double = 0.1, shape: Shape = .cosine) {
        self.decaySteps = decaySteps
        self.decayShare = decayShare
        self.shape = shape
    }

    /// `decay_steps`, or `decay_share` · steps, rounded.
    public func steps(behindPeak all: Int, of steps: Int) -> Int {
        decaySteps ?? Int((decayShare * Double(steps)).rounded())
    }

    /// minimum + (peak − minimum) · factor
    public func rate(from peak: Double, to minimum: Double, progress: Double) -> Double {
        minimum + (peak - minimum) * factor(progress)
    }

    private func factor(_ x: Double) -> Double {
        switch shape {
        case .cosine: (1 + cos(.pi * x)) / 2
        case .linear: 1 - x
        case .root: 1 - x.squareRoot()
        }
    }
}
