public import Notation

extension Rotary {
    /// How frequencies change for sequences longer than those that the model was trained with.
    public enum Scaling: Hashable, Sendable {
        /// All of them divided by one number: Chen et al., arXiv 2306.15595.
        case linear(Linear)
        /// The low ones divided, the high ones kept, those between interpolated: Llama 3.1's.
        case llama3(Llama3)
        /// The same by a ramp over the pairs, and an amplitude: Peng et al., arXiv 2309.00071.
        case yarn(Yarn)

        /// Frequencies divided by `factor`.
        public static func linear(factor: Double) -> Scaling { .linear(Linear(factor: factor)) }

        /// Wavelengths above original / low are multiplied by `factor`, those below original / high kept.
        public static func llama3(factor: Double, low: Double, high: Double, original: Int) -> Scaling {
            .llama3(Llama3(factor: factor, low: low, high: high, original: original))
        }

        /// Pairs that turn less than `betaSlow` times over the original length are stretched by `factor`, those that
        /// turn more than `betaFast` times kept.
        public static func yarn(
            factor: Double, original: Int, betaFast: Double = 32, betaSlow: Double = 1, attentionFactor: Double? = nil,
            truncate: Bool = true
        ) -> Scaling {
            .yarn(
                Yarn(
                    factor: factor, original: original, betaFast: betaFast, betaSlow: betaSlow,
                    attentionFactor: attentionFactor, truncate: truncate))
        }
    }

    /// Settings of `Scaling.linear`.
    public struct Linear: ManifestKind {
        /// What frequencies are divided by: above 0.
        public internal(set) var factor: Double

        public static let syntax = KindSyntax(
            "linear", "Frequencies divided by a number.", Linear(factor: 2),
            [.required("factor", \.factor, .positive, "what frequencies are divided by")])
    }

    /// Settings of `Scaling.llama3`.
    public struct Llama3: ManifestKind {
        /// What low frequencies are divided by: above 0.
        public internal(set) var factor: Double
        /// Wavelengths above original / low are low frequencies: above 0.
        public internal(set) var low: Double
        /// Wavelengths below original / high are high frequencies: above `low`.
        public internal(set) var high: Double
        /// The length that the model was trained with.
        public internal(set) var original: Int

        public static let syntax = KindSyntax(
            "llama3", "Low frequencies divided by a number.", Llama3(factor: 8, low: 1, high: 4, original: 8192),
            [
                .required("factor", \.factor, .positive, "what low frequencies are divided by"),
                .required("low", \.low, .positive, "wavelengths above original / low are divided"),
                .required("high", \.high, .positive, "wavelengths below original / high are kept") { scaling in
                    guard scaling.high <= scaling.low else { return nil }
                    return Complaint(", and low is \(scaling.low)", expected: "a number above low")
                },
                .required("original", \.original, .extent, "the length that the model was trained with"),
            ])
    }

    /// Settings of `Scaling.yarn`.
    public struct Yarn: ManifestKind {
        /// What low frequencies are divided by: above 0.
        public internal(set) var factor: Double
        /// The length that the model was trained with.
        public internal(set) var original: Int
        /// Pairs that turn more often over that length keep their frequency.
        public internal(set) var betaFast: Double
        /// Pairs that turn less often over that length have it divided.
        public internal(set) var betaSlow: Double
        /// What cos and sin are multiplied by; nil: 0.1 · ln(factor) + 1.
        public internal(set) var attentionFactor: Double?
        /// Whether the ramp begins and ends at whole pairs.
        public internal(set) var truncate: Bool

        public static let syntax = KindSyntax(
            "yarn", "Low frequencies divided by a number, along a ramp.",
            Yarn(factor: 4, original: 4096, betaFast: 32, betaSlow: 1, attentionFactor: nil, truncate: true),
            [
                .required("factor", \.factor, .positive, "what low frequencies are divided by"),
                .required("original", \.original, .extent, "the length that the model was trained with"),
                .defaulted("beta_fast", \.betaFast, .positive, "turns over that length above which pairs are kept"),
                .defaulted("beta_slow", \.betaSlow, .positive, "turns below which they are divided"),
                .optional(
                    "attention_factor", \.attentionFactor, .positive, "what cos and sin are multiplied by",
                    usual: "0.1 · ln factor + 1"),
                .defaulted("truncate", \.truncate, .flag, "whether the ramp begins and ends at whole pairs"),
            ])
    }
}

extension Rotary.Scaling {
    fileprivate static let kinds = KindRegistry<Rotary.Scaling>([
        .init(Rotary.Linear.self) { .linear($0) }, .init(Rotary.Llama3.self) { .llama3($0) },
        .init(Rotary.Yarn.self) { .yarn($0) },
    ])

    /// The settings of the one that it is.
    var settings: any ManifestKind {
        switch self {
        case .linear(let linear): linear
        case .llama3(let llama3): llama3
        case .yarn(let yarn): yarn
        }
    }
}

extension ValueSyntax<Rotary.Scaling> {
    static var scaling: Self {
        let words = Rotary.Scaling.kinds.descriptions.map { kind in
            "{`\(kind.name)`: {\(kind.keys.map { "`\($0)`" }.joined(separator: ", "))}}"
        }
        return Self(
            words.listed(with: "or"), expected: Rotary.Scaling.kinds.names.listed(with: "or"),
            accepts: { $0.settings.complaint == nil },
            read: { field throws(ManifestError) in try Rotary.Scaling.kinds.read(field) },
            write: { $0.settings.flowYAML })
    }
}
