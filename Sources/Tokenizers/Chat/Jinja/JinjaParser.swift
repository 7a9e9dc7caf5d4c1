internal import Systems

/// Reads tokens as statements and expressions.
struct JinjaParser {
    var tokens: [JinjaToken]
    var at = 0
    private var depth = 0
    private var loops = 0

    init(_ tokens: [JinjaToken]) { self.tokens = tokens }

    var token: JinjaToken { tokens[min(at, tokens.count - 1)] }

    /// The whole template.
    mutating func run() throws(JinjaProblem) -> [JinjaNode] {
        let (nodes, _) = try body(until: [])
        guard token.kind == .end else { throw wrong("text or a tag") }
        return nodes
    }

    // MARK: Tokens

    func isSign(_ sign: String) -> Bool { token.kind == .sign(sign) }

    func isName(_ name: String) -> Bool { token.kind == .name(name) }

    mutating func takeSign(_ sign: String) -> Bool {
        guard isSign(sign) else { return false }
        at += 1
        return true
    }

    mutating func takeName(_ name: String) -> Bool {
        guard isName(name) else { return false }
        at += 1
        return true
    }

    mutating func expectSign(_ sign: String) throws(JinjaProblem) {
        guard takeSign(sign) else { throw wrong(sign) }
    }

    mutating func expectName() throws(JinjaProblem) -> String {
        guard case .name(let name) = token.kind else { throw wrong("a name") }
        at += 1
        return name
    }

    private mutating func expectBlockEnd() throws(JinjaProblem) {
        guard token.kind == .blockEnd else { throw wrong("%}") }
        at += 1
    }

    func wrong(_ expected: String) -> JinjaProblem {
        JinjaProblem(line: token.line, kind: .syntax(expected: expected, got: token.kind.shown))
    }

    func unsupported(_ what: String) -> JinjaProblem { JinjaProblem(line: token.line, kind: .unsupported(what)) }

    /// Reads something that may hold its like.
    mutating func nested<Result>(
        _ read: (inout JinjaParser) throws(JinjaProblem) -> Result
    ) throws(JinjaProblem) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JinjaLimits.nesting else {
            throw JinjaProblem(line: token.line, kind: .limit("more than \(JinjaLimits.nesting) levels of nesting"))
        }
        return try read(&self)
    }

    // MARK: Statements

    /// Statements up to a tag with one of these names, which is read; its name, or nil at the template's end.
    private mutating func body(until ends: Set<String>) throws(JinjaProblem) -> (nodes: [JinjaNode], end: String?) {
        var nodes: [JinjaNode] = []
        while true {
            let line = token.line
            switch token.kind {
            case .end:
                guard ends.isEmpty else { throw wrong(ends.sorted().joined(separator: " or ")) }
                return (nodes, nil)
            case .text(let text):
                at += 1
                nodes.append(JinjaNode(line: line, statement: .text(text)))
            case .outputBegin:
                at += 1
                let value = try tuple()
                guard token.kind == .outputEnd else { throw wrong("}}") }
                at += 1
                nodes.append(JinjaNode(line: line, statement: .output(value)))
            case .blockBegin:
                at += 1
                let name = try expectName()
                if ends.contains(name) { return (nodes, name) }
                nodes.append(
                    JinjaNode(
                        line: line,
                        statement: try nested { (parser) throws(JinjaProblem) in try parser.statement(name) }))
            default: throw wrong("text or a tag")
            }
        }
    }

    private mutating func statement(_ name: String) throws(JinjaProblem) -> JinjaStatement {
        switch name {
        case "if": return try branches()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro": return try macro()
        case "filter":
            let links = try filters()
            return .filtered(links, try closed("endfilter"))
        // Hugging Face's mark for what an assistant says; the text in it is a text like any other.
        case "generation":
            try expectBlockEnd()
            return .block(try closedBody("endgeneration"))
        case "break", "continue":
            guard loops > 0 else { throw unsupported("\(name) outside of a loop") }
            try expectBlockEnd()
            return name == "break" ? .leaveLoop : .nextRound
        default: throw unsupported("the tag {% \(name.printable(limit: 40)) %}")
        }
    }

    /// The rest of a tag, and the statements up to its end.
    private mutating func closed(_ end: String) throws(JinjaProblem) -> [JinjaNode] {
        try expectBlockEnd()
        return try closedBody(end)
    }

    private mutating func closedBody(_ end: String) throws(JinjaProblem) -> [JinjaNode] {
        let (nodes, _) = try body(until: [end])
        try expectBlockEnd()
        return nodes
    }

    private mutating func branches() throws(JinjaProblem) -> JinjaStatement {
        var branches: [(condition: JinjaExpression, body: [JinjaNode])] = []
        while true {
            let condition = try tuple()
            try expectBlockEnd()
            let (nodes, end) = try body(until: ["elif", "else", "endif"])
            branches.append((condition, nodes))
            if end == "elif" { continue }
            let otherwise = end == "else" ? try closed("endif") : []
            if end == "endif" { try expectBlockEnd() }
            return .branches(branches, otherwise: otherwise)
        }
    }

    private mutating func loop() throws(JinjaProblem) -> JinjaStatement {
        var targets: [String] = []
        let hasBracket = takeSign("(")
        repeat { targets.append(try expectName()) } while takeSign(",") && !isName("in")
        if hasBracket { try expectSign(")") }
        guard takeName("in") else { throw wrong("in") }
        let items = try tuple(allowsChoice: false)
        let condition = takeName("if") ? try expression() : nil
        if isName("recursive") { throw unsupported("a recursive loop") }
        try expectBlockEnd()
        loops += 1
        let (nodes, end) = try body(until: ["else", "endfor"])
        loops -= 1
        let otherwise = end == "else" ? try closed("endfor") : []
        if end == "endfor" { try expectBlockEnd() }
        return .loop(.init(targets: targets, items: items, condition: condition, body: nodes, otherwise: otherwise))
    }

    private mutating func assignment() throws(JinjaProblem) -> JinjaStatement {
        var targets: [JinjaStatement.Target] = []
        repeat {
            let name = try expectName()
            targets.append(takeSign(".") ? .member(of: name, try expectName()) : .name(name))
        } while takeSign(",")
        if takeSign("=") {
            let value = try tuple()
            try expectBlockEnd()
            return .assignment(targets, value)
        }
        guard targets.count == 1 else { throw wrong("=") }
        let links = isSign("|") ? try filters(begun: false) : []
        return .captured(targets[0], links, try closed("endset"))
    }

    /// Filters that stand behind each other; the first without its bar where it has `begun`.
    private mutating func filters(begun: Bool = true) throws(JinjaProblem) -> [JinjaExpression.Link] {
        var links: [JinjaExpression.Link] = []
        if begun { links.append(try filter()) }
        while takeSign("|") { links.append(try filter()) }
        return links
    }

    private mutating func macro() throws(JinjaProblem) -> JinjaStatement {
        let name = try expectName()
        try expectSign("(")
        var parameters: [(name: String, standard: JinjaExpression?)] = []
        while !isSign(")") {
            if !parameters.isEmpty { try expectSign(",") }
            if isSign(")") { break }
            let parameter = try expectName()
            parameters.append((parameter, takeSign("=") ? try expression() : nil))
        }
        try expectSign(")")
        let outer = loops
        loops = 0
        defer { loops = outer }
        return .macro(.init(name: name, parameters: parameters, body: try closed("endmacro")))
    }
}
