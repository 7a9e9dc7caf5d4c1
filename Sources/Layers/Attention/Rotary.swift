public import Notation
public import Tensors

/// Rotary positions: pairs of numbers of each head's q and k turn by position × frequency (Su et al., arXiv 2104.09864).
///
///     Rotary(base: 500_000, scaling: .llama3(factor: 8, low: 1, high: 4, original: 8192))
public struct Rotary: ManifestKind {
    /// Which two numbers turn together.
    public typealias Pairs = Rotation.Pairs

    /// Frequency i is base^(−2i / width): above 1.
    public internal(set) var base: Double
    /// How many leading numbers of a head turn; nil: all. An even number.
    public internal(set) var width: Int?
    /// Which two numbers turn together.
    public internal(set) var pairs: Pairs
    /// How frequencies change for sequences longer than those that the model was trained with.
    public internal(set) var scaling: Scaling?
    /// How many positions a token has: each turns an equal part of the numbers. 2: ChatGLM-6B's.
    public internal(set) var planes: Int
    /// Whether frequencies are rounded to f16 first.
    public internal(set) var rounded: Bool

    public static let syntax = KindSyntax(
        "rotary", "Pairs of numbers turn by position × frequency.", Rotary(),
        [
            .defaulted("base", \.base, .number("above 1") { $0 > 1 }, "frequency i is base^(−2i / width)"),
            .optional(
                "width", \.width, .extent, "how many leading numbers of a head turn", usual: "all",
                check: { rotary in
                    guard let width = rotary.width, !width.isMultiple(of: 2) else { return nil }
                    return Complaint(", an odd number", expected: "an even number")
                }),
            .defaulted("pairs", \.pairs, .choice(), "i and i + width / 2, or 2i and 2i + 1"),
            .optional("scaling", \.scaling, .scaling, "for sequences longer than the model was trained with"),
            .defaulted("planes", \.planes, .whole(1...2), "positions of a token, each for its part of the numbers"),
            .defaulted("rounded", \.rounded, .flag, "whether frequencies are rounded to f16"),
        ])

    /// Checked when a model is built.
    public init(
        base: Double = 10_000, width: Int? = nil, pairs: Pairs = .halves, scaling: Scaling? = nil, planes: Int = 1,
        rounded: Bool = false
    ) {
        self.base = base
        self.width = width
        self.pairs = pairs
        self.scaling = scaling
        self.planes = planes
        self.rounded = rounded
    }

    /// What is wrong with it for heads of this width.
    func complaint(headWidth: Int) -> Complaint? {
        let width = width ?? headWidth
        guard width <= headWidth else {
            return Complaint(", and a head has \(headWidth) numbers", expected: "a width of at most \(headWidth)")
        }
        let parts = 2 * min(max(planes, 1), 2)
        guard !width.isMultiple(of: parts) else { return nil }
        return Complaint(", and \(width) numbers are no pairs for each position", expected: "a multiple of \(parts)")
    }
}
