/// What becomes of the matches where a text is split.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    /// Matches in a row are one piece.
    case contiguous = "Contiguous"

    init(_ node: JSONNode) throws(LoadProblem) {
        guard let behavior = SplitBehavior(rawValue: try node.string()) else {
            throw node.wrong("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous")
        }
        self = behavior
    }

    /// A part of the text, and whether the pattern matches it.
    struct Part {
        var range: Range<Int>
        var isMatch: Bool
    }

    /// The pieces that parts, in order and without gaps, become. Empty ones are left out.
    func pieces(_ parts: [Part], _ found: (Range<Int>) -> Void) {
        var pieces: [Range<Int>] = []
        // `tokenizers` begins with "no match before", from the right end where matches join what follows them.
        var lastIsMatch = false
        switch self {
        case .isolated: pieces = parts.map(\.range)
        case .removed: pieces = parts.filter { !$0.isMatch }.map(\.range)
        case .contiguous, .mergedWithPrevious:
            for part in parts {
                let joins = self == .contiguous ? part.isMatch == lastIsMatch : part.isMatch && !lastIsMatch
                if joins, let last = pieces.popLast() {
                    pieces.append(last.lowerBound..<part.range.upperBound)
                } else {
                    pieces.append(part.range)
                }
                lastIsMatch = part.isMatch
            }
        case .mergedWithNext:
            for part in parts.reversed() {
                if part.isMatch, !lastIsMatch, let last = pieces.popLast() {
                    pieces.append(part.range.lowerBound..<last.upperBound)
                } else {
                    pieces.append(part.range)
                }
                lastIsMatch = part.isMatch
            }
            pieces.reverse()
        }
        for piece in pieces where !piece.isEmpty { found(piece) }
    }
}
