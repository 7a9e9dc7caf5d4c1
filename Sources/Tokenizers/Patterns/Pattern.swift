/// A regular expression, compiled for a matcher that tries alternatives in order and goes back.
///
///     let digits = try Pattern(#"\p{N}{1,3}"#)
///     var matcher = PatternMatcher()
///     try matcher.match(digits, in: text, from: 0)   // the match's end, or nil
struct Pattern: Sendable {
    enum Instruction {
        /// One scalar of the set.
        case set(Int32)
        /// Scalars of the set, as many as there are from `least` to `most`; unless possessive, fewer when the rest fails.
        case loop(set: Int32, least: Int32, most: Int32, isPossessive: Bool)
        /// Goes on at `first`; at `second` when that fails.
        case split(first: Int32, second: Int32)
        case jump(Int32)
        /// Goes on at the first of a choice's targets that the next scalar may begin.
        case choose(Int32)
        /// What follows up to `end` matches, or does not, without being taken.
        case look(end: Int32, negative: Bool)
        /// What follows up to `end` matches, in the first way that it can.
        case atomic(end: Int32)
        case ahead(set: Int32, negative: Bool)
        case behind(set: Int32, negative: Bool)
        case anchor(PatternNode.Anchor)
        /// The end of the expression, or of what is looked at.
        case matched
    }

    /// Which of a choice's targets the next scalar may begin: a bit for each.
    struct Choice {
        var targets: [Int32] = []
        var ascii = [UInt64](repeating: 0, count: 128)
        var categories = [UInt64](repeating: 0, count: 32)
        var atEnd: UInt64 = 0
    }

    let code: PatternCode

    init(_ text: String) throws(LoadProblem) {
        let node = try PatternParser.parse(text)
        var compiler = PatternCompiler()
        try compiler.add(node, isLast: true)
        code = compiler.finished(node)
    }
}

/// Turns a parsed expression into instructions.
private struct PatternCompiler {
    private var instructions: [Pattern.Instruction] = []
    private var sets: [ScalarSet] = []
    private var choices: [Pattern.Choice] = []
    private static let longest = 20_000

    mutating func finished(_ node: PatternNode) -> PatternCode {
        instructions.append(.matched)
        let first = node.first
        let begins = PatternCode.FlatSet(low: first.low, high: first.high, categories: first.categories)
        return PatternCode(instructions, sets: sets, choices: choices, first: node.canBeEmpty ? nil : begins)
    }

    /// - Parameter isLast: behind the node nothing can fail. What it took it then never has to give back.
    mutating func add(_ node: PatternNode, isLast: Bool) throws(LoadProblem) {
        guard instructions.count < Self.longest else {
            throw .unsupported(what: "a regular expression so large", supported: "at most \(Self.longest) steps")
        }
        switch node {
        case .set(let set): instructions.append(.set(index(of: set)))
        case .sequence(let nodes):
            for (index, node) in nodes.enumerated() {
                let rest = nodes[(index + 1)...]
                let restHolds = isLast && rest.allSatisfy(\.alwaysMatches)
                try add(node, isLast: restHolds || rest.first.map { node.isDisjoint(from: $0) } ?? false)
            }
        case .choice(let nodes): try add(choice: nodes, isLast: isLast)
        case .repetition(let node, let counts, let greed): try add(node, counts, greed, isLast: isLast)
        case .lookAhead(.set(let set), let negative):
            instructions.append(.ahead(set: index(of: set), negative: negative))
        case .lookAhead(let node, let negative):
            try addSub(node) { end in .look(end: end, negative: negative) }
        case .atomic(let node): try addSub(node) { end in .atomic(end: end) }
        case .lookBehind(let set, let negative):
            instructions.append(.behind(set: index(of: set), negative: negative))
        case .anchor(let anchor): instructions.append(.anchor(anchor))
        }
    }

    private mutating func addSub(_ node: PatternNode, _ instruction: (Int32) -> Pattern.Instruction) throws(LoadProblem)
    {
        let start = instructions.count
        instructions.append(.matched)
        try add(node, isLast: true)
        instructions.append(.matched)
        instructions[start] = instruction(Int32(instructions.count))
    }

    private mutating func add(choice nodes: [PatternNode], isLast: Bool) throws(LoadProblem) {
        guard nodes.count <= 64 else {
            // A choice of choices: the first 63, or one of the rest.
            return try add(choice: Array(nodes[..<63]) + [.choice(Array(nodes[63...]))], isLast: isLast)
        }
        let number = choices.count
        choices.append(Pattern.Choice())
        instructions.append(.choose(Int32(number)))
        var choice = Pattern.Choice()
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            choice.targets.append(Int32(instructions.count))
            choice.add(node, bit: UInt64(1) << UInt64(index))
            try add(node, isLast: isLast)
            ends.append(instructions.count)
            instructions.append(.jump(0))
        }
        for end in ends { instructions[end] = .jump(Int32(instructions.count)) }
        choices[number] = choice
    }

    private mutating func add(
        _ node: PatternNode, _ counts: Range<Int>, _ greed: PatternNode.Greed, isLast: Bool
    ) throws(LoadProblem) {
        if case .set(let set) = node, greed != .lazy {
            let most = counts.upperBound == PatternNode.unbounded ? PatternNode.unbounded : counts.upperBound - 1
            instructions.append(
                .loop(
                    set: index(of: set), least: Int32(counts.lowerBound), most: Int32(most),
                    isPossessive: greed == .possessive || isLast))
            return
        }
        guard greed != .possessive else { return try add(.atomic(.repetition(node, counts, .greedy)), isLast: isLast) }
        for _ in 0..<counts.lowerBound { try add(node, isLast: false) }
        func split(_ inner: Int, _ outer: Int) -> Pattern.Instruction {
            greed == .lazy
                ? .split(first: Int32(outer), second: Int32(inner)) : .split(first: Int32(inner), second: Int32(outer))
        }
        if counts.upperBound == PatternNode.unbounded {
            let start = instructions.count
            instructions.append(.jump(0))
            try add(node, isLast: false)
            instructions.append(.jump(Int32(start)))
            instructions[start] = split(start + 1, instructions.count)
            return
        }
        var starts: [Int] = []
        for _ in counts.lowerBound..<counts.upperBound - 1 {
            starts.append(instructions.count)
            instructions.append(.jump(0))
            try add(node, isLast: false)
        }
        for start in starts { instructions[start] = split(start + 1, instructions.count) }
    }

    private mutating func index(of set: ScalarSet) -> Int32 {
        if let known = sets.firstIndex(of: set) { return Int32(known) }
        sets.append(set)
        return Int32(sets.count - 1)
    }
}

extension Pattern.Choice {
    fileprivate mutating func add(_ node: PatternNode, bit: UInt64) {
        let first = node.first
        let canBeEmpty = node.canBeEmpty
        for value in 0..<128 {
            let isFirst = (value < 64 ? first.low >> UInt64(value) : first.high >> UInt64(value - 64)) & 1 == 1
            if canBeEmpty || isFirst { ascii[value] |= bit }
        }
        for category in 0..<32 where canBeEmpty || first.categories >> UInt32(category) & 1 == 1 {
            categories[category] |= bit
        }
        if canBeEmpty { atEnd |= bit }
    }
}
