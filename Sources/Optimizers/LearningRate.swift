public import Notation

/// `learning_rate: {warmup: 20, decay: cosine, minimum: 1e-5}`: how the optimizer's rate moves over the steps.
///
///     let course = LearningRate(warmup: 20, decay: CosineDecay(), minimum: 1e-5)
///     let rate = try LearningRateSchedule(peak: 1e-3, course, steps: 100).rate(step: 0)      // 5e-5
public struct LearningRate: ManifestKind {
    /// Steps of linear rise from 0.
    public internal(set) var warmup: Int
    /// How the rate falls after the warm-up.
    @AnyKind public internal(set) var decay: any Decay
    /// Where the decay ends, at the last step.
    public internal(set) var minimum: Double
    /// What the first step counts as: 1, or 0 as in Hugging Face's schedules.
    public internal(set) var warmupFrom: Int

    public static let syntax = KindSyntax(
        "learning_rate", "How the rate moves over the steps.", LearningRate(),
        [
            .defaulted("warmup", \.warmup, .count(from: 0), "steps of linear rise from 0 to `lr`"),
            .defaulted("decay", \.decay, .decay, "how it falls after the warm-up"),
            .defaulted(
                "minimum", \.minimum, .nonNegative, "where it ends, at the last step; at most `lr`",
                when: Condition(on: "decay", otherwise: "without a decay") { $0.decay.reachesMinimum }),
            .defaulted(
                "warmup_from", \.warmupFrom, .whole(0...1),
                "what the first step counts as; 0 is Hugging Face's convention, see below",
                when: Condition(on: "decay", otherwise: "without a decay") {
                    $0.warmup > 0 || $0.decay.reachesMinimum
                }),
        ])

    /// The constant rate of the optimizer unless given.
    public init(
        warmup: Int = 0, decay: any Decay = ConstantDecay(), minimum: Double = 0, warmupFrom: Int = 1
    ) {
        self.warmup = warmup
        self.warmupFrom = warmupFrom
        self.decay = decay
        self.minimum = minimum
    }
}

extension ValueSyntax<any Decay> {
    fileprivate static var decay: Self {
        Self(
            "a decay, see below", read: { field throws(ManifestError) in try DecayKinds.registry.read(field) },
            write: \.flowYAML)
    }
}
