import Notation

/// What Adam and AdamW share: rate, decay rates of the two moments, ε and weight decay. PyTorch's names and defaults.
public struct AdamSettings: Hashable, Sendable {
    /// As manifests write it: `lr`. Above 0; 10⁻³ unless given.
    public internal(set) var learningRate = 1e-3
    /// β₁: how much of the first moment stays from step to step. From 0 to below 1.
    public internal(set) var beta1 = 0.9
    /// β₂: how much of the second moment stays from step to step. From 0 to below 1.
    public internal(set) var beta2 = 0.999
    /// As manifests write it: `eps`. Added to √v, so that no division is by 0.
    public internal(set) var epsilon = 1e-8
    /// λ, at least 0; what it multiplies is the rule's to say.
    public internal(set) var weightDecay: Double

    /// β₁ and β₂, as manifests write them.
    var betas: Betas {
        get { Betas(first: beta1, second: beta2) }
        set { (beta1, beta2) = (newValue.first, newValue.second) }
    }

    struct Betas: Hashable, Sendable {
        var first: Double
        var second: Double
    }
}

/// A rule that has these settings.
protocol AdamRule: Optimizer {
    var settings: AdamSettings { get set }
}

extension Setting where Owner: AdamRule {
    /// The keys of both rules.
    static func adam(weightDecay meaning: String) -> [Setting] {
        [
            .defaulted("lr", \.settings.learningRate, .positive, "the learning rate"),
            .defaulted("betas", \.settings.betas, .betas, "how much of each moment stays from step to step"),
            .defaulted("eps", \.settings.epsilon, .nonNegative, "what keeps a division finite"),
            .defaulted("weight_decay", \.settings.weightDecay, .nonNegative, meaning),
        ]
    }
}

extension ValueSyntax<AdamSettings.Betas> {
    fileprivate static var betas: Self {
        let beta = ValueSyntax<Double>.number("from 0 to below 1") { $0 >= 0 && $0 < 1 }
        return Self(
            "two numbers from 0 to below 1", accepts: { beta.accepts($0.first) && beta.accepts($0.second) },
            read: { field throws(ManifestError) in
                let numbers = try field.list(of: "two numbers")
                guard numbers.count == 2 else {
                    throw field.error("\(numbers.count) betas", expected: "two, as [0.9, 0.999]")
                }
                return AdamSettings.Betas(first: try beta.read(numbers[0]), second: try beta.read(numbers[1]))
            }, write: { YAML.list([$0.first, $0.second].map(YAML.number)) })
    }
}
