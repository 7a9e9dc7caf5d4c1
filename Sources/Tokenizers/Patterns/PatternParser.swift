/// Reads a regular expression as Oniguruma's Ruby syntax has it, which Hugging Face's `tokenizers` uses: what stands in
/// the files of tokenizers, and no more. Anything else is refused by name.
struct PatternParser {
    let text: [UnicodeScalar]
    var at = 0
    private var depth = 0
    var ignoresCase = false
    private static let longest = 10_000
    private static let maximumDepth = 32
    private static let largestCount = 1000

    static func parse(_ pattern: String) throws(LoadProblem) -> PatternNode {
        guard pattern.unicodeScalars.count <= longest else {
            throw .malformed(place: "a regular expression", expected: "at most \(longest) characters", got: "more")
        }
        var parser = PatternParser(text: Array(pattern.unicodeScalars))
        let node = try parser.alternatives()
        guard parser.at == parser.text.count else { throw parser.unsupported("\")\" without \"(\"") }
        return node
    }

    private init(text: [UnicodeScalar]) { self.text = text }

    private mutating func alternatives() throws(LoadProblem) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw unsupported("more than \(Self.maximumDepth) levels of groups") }
        let caseBefore = ignoresCase
        defer { ignoresCase = caseBefore }
        var choices = [try sequence()]
        while take("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(LoadProblem) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" {
            if starts("(?i)") {
                at += 4
                ignoresCase = true
                continue
            }
            nodes.append(try repeated(try atom()))
            try refuseFolding(nodes)
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(LoadProblem) -> PatternNode {
        var node = node
        while let (counts, hasBraces) = try quantifier() {
            if case .anchor = node { throw unsupported("a repeated anchor") }
            guard !node.canBeEmpty || counts.upperBound == 2 else {
                throw unsupported("the repetition of what may match nothing")
            }
            var greed = PatternNode.Greed.greedy
            if take("?") {
                greed = .lazy
            } else if peek == "+" {
                guard !hasBraces else { throw unsupported("\"{…}+\"") }
                at += 1
                greed = .possessive
            }
            node = .repetition(node, counts, greed)
        }
        return node
    }

    /// How often: from the lower bound to below the upper one.
    private mutating func quantifier() throws(LoadProblem) -> (Range<Int>, hasBraces: Bool)? {
        if take("*") { return (0..<PatternNode.unbounded, false) }
        if take("+") { return (1..<PatternNode.unbounded, false) }
        if take("?") { return (0..<2, false) }
        guard take("{") else { return nil }
        let low = count()
        let hasComma = take(",")
        let high = hasComma ? count() : low
        guard take("}"), low != nil || high != nil else { throw unsupported("\"{\" that begins no count") }
        let range = (low ?? 0, high ?? PatternNode.unbounded - 1)
        guard range.0 <= range.1, range.0 <= Self.largestCount, high ?? 0 <= Self.largestCount, range.1 > 0 else {
            throw unsupported("the count {\(range.0),\(range.1)}")
        }
        return (range.0..<range.1 + 1, true)
    }

    private mutating func count() -> Int? {
        var value: Int?
        while let digit = peek.flatMap({ ("0"..."9").contains($0) ? Int($0.value - 0x30) : nil }) {
            value = min((value ?? 0) * 10 + digit, Self.largestCount + 1)
            at += 1
        }
        return value
    }

    private mutating func atom() throws(LoadProblem) -> PatternNode {
        guard let scalar = peek else { throw unsupported("an end in the middle") }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try folded(try bracket()))
        case ".":
            at += 1
            return .set(ScalarSet.newline.inverted)
        case "^":
            at += 1
            return .anchor(.lineStart)
        case "$":
            at += 1
            return .anchor(.lineEnd)
        case "\\":
            if starts("\\A") || starts("\\z") {
                at += 2
                return .anchor(text[at - 1] == "A" ? .textStart : .textEnd)
            }
            if starts("\\w") || starts("\\W") {
                at += 2
                return .set(text[at - 1] == "w" ? .wordsAndFractions : ScalarSet.wordsAndFractions.inverted)
            }
            return .set(try folded(try escape()))
        case "*", "+", "?", "{": throw unsupported("\"\(scalar)\" behind nothing")
        default:
            at += 1
            return .set(try folded(ScalarSet([scalar.value...scalar.value])))
        }
    }

    private mutating func group() throws(LoadProblem) -> PatternNode {
        let caseBefore = ignoresCase
        defer { ignoresCase = caseBefore }
        let marks = ["(?:", "(?i:", "(?-i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"]
        let mark = marks.first { starts($0) } ?? "("
        guard mark != "(" || !starts("(?") else {
            throw unsupported("the group \(shownToken(String(String.UnicodeScalarView(text[at...].prefix(4)))))")
        }
        at += mark.unicodeScalars.count
        if mark == "(?i:" { ignoresCase = true }
        if mark == "(?-i:" { ignoresCase = false }
        let inner = try alternatives()
        guard take(")") else { throw unsupported("\"(\" without \")\"") }
        switch mark {
        case "(?=", "(?!": return .lookAhead(inner, negative: mark == "(?!")
        case "(?<=", "(?<!":
            guard case .set(let set) = inner else { throw unsupported("looking behind for more than one character") }
            return .lookBehind(set, negative: mark == "(?<!")
        case "(?>": return .atomic(inner)
        default: return inner
        }
    }

    // MARK: Case

    func folded(_ set: ScalarSet) throws(LoadProblem) -> ScalarSet {
        guard ignoresCase else { return set }
        guard let folded = set.ignoringCase else { throw unsupported("\"(?i)\" with more than ASCII letters") }
        return folded
    }

    /// Where case is ignored, `ss` would match ß, `fi` its ligature, and so on: refused.
    private func refuseFolding(_ nodes: [PatternNode]) throws(LoadProblem) {
        guard ignoresCase, case .set(let second)? = nodes.last, case .set(let first)? = nodes.dropLast().last else {
            return
        }
        for pair in ["ss", "st", "ff", "fi", "fl"] {
            let values = pair.unicodeScalars.map(\.value)
            if first.contains(values[0]), second.contains(values[1]) { throw unsupported("\"(?i)\" with \"\(pair)\"") }
        }
    }

    // MARK: Characters

    var peek: UnicodeScalar? { at < text.count ? text[at] : nil }

    mutating func take(_ scalar: UnicodeScalar) -> Bool {
        guard peek == scalar else { return false }
        at += 1
        return true
    }

    func starts(_ start: String) -> Bool { text[at...].starts(with: start.unicodeScalars) }

    func unsupported(_ what: String) -> LoadProblem {
        .unsupported(
            what: "a regular expression with \(what), at its character \(at),",
            supported: "sets, groups, alternatives, repetitions, looking ahead, (?i) of ASCII")
    }
}
