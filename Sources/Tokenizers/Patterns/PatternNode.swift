/// A regular expression, parsed.
indirect enum PatternNode: Hashable {
    /// How much a repetition takes, and whether it gives back.
    enum Greed { case greedy, lazy, possessive }
    enum Anchor { case lineStart, lineEnd, textStart, textEnd }

    /// One scalar of a set.
    case set(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, Range<Int>, Greed)
    case lookAhead(PatternNode, negative: Bool)
    case lookBehind(ScalarSet, negative: Bool)
    /// Once it has matched, it does not match otherwise.
    case atomic(PatternNode)
    case anchor(Anchor)

    /// Upper bound of a repetition without one.
    static let unbounded = Int(Int32.max)

    /// Whether it can match no scalar at all.
    var canBeEmpty: Bool {
        switch self {
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
        case .choice(let nodes): nodes.contains(where: \.canBeEmpty)
        case .repetition(let node, let counts, _): counts.lowerBound == 0 || node.canBeEmpty
        case .lookAhead, .lookBehind, .anchor: true
        case .atomic(let node): node.canBeEmpty
        }
    }

    /// Whether it matches at any place, if only nothing.
    var alwaysMatches: Bool {
        guard case .repetition(.set, let counts, _) = self else { return false }
        return counts.lowerBound == 0
    }

    /// Whether scalars that this takes can never be what another begins with, which is not empty.
    func isDisjoint(from other: PatternNode) -> Bool {
        guard case .repetition(.set(let set), _, .greedy) = self, !other.canBeEmpty else { return false }
        let (mine, theirs) = (FirstScalars(set), other.first)
        return mine.low & theirs.low == 0 && mine.high & theirs.high == 0 && mine.categories & theirs.categories == 0
    }

    /// The scalars that a match may begin with, as ASCII bits and categories: never too few.
    var first: FirstScalars {
        switch self {
        case .set(let set): return FirstScalars(set)
        case .sequence(let nodes):
            var result = FirstScalars()
            for node in nodes {
                result.add(node.first)
                if !node.canBeEmpty { break }
            }
            return result
        case .choice(let nodes):
            var result = FirstScalars()
            nodes.forEach { result.add($0.first) }
            return result
        case .repetition(let node, _, _), .atomic(let node): return node.first
        case .lookAhead, .lookBehind, .anchor: return FirstScalars()
        }
    }
}

/// What a match may begin with.
struct FirstScalars {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var categories: UInt32 = 0

    init() {}

    init(_ set: ScalarSet) {
        low = set.low
        high = set.high
        let isExact = set.ranges.isEmpty && !set.hasWordScalars
        categories = isExact ? (set.isInverted ? ~set.categories : set.categories) : .max
    }

    mutating func add(_ other: FirstScalars) {
        low |= other.low
        high |= other.high
        categories |= other.categories
    }
}
