extension JinjaParser {
    /// An expression, or several with commas between, which are a tuple.
    mutating func tuple(allowsChoice: Bool = true) throws(JinjaProblem) -> JinjaExpression {
        var items: [JinjaExpression] = []
        var isTuple = false
        while true {
            if isTuple, endsTuple { break }
            items.append(allowsChoice ? try expression() : try alternatives())
            guard takeSign(",") else { break }
            isTuple = true
        }
        return isTuple ? .list(items, isTuple: true) : items[0]
    }

    private var endsTuple: Bool {
        switch token.kind {
        case .blockEnd, .outputEnd, .end, .sign(")"), .name("in"), .name("if"): true
        default: false
        }
    }

    mutating func expression() throws(JinjaProblem) -> JinjaExpression {
        try nested { (parser) throws(JinjaProblem) in try parser.choice() }
    }

    private mutating func choice() throws(JinjaProblem) -> JinjaExpression {
        var value = try alternatives()
        if takeName("if") {
            let condition = try alternatives()
            let otherwise = takeName("else") ? try expression() : nil
            value = .choice(value, condition: condition, otherwise: otherwise)
            if isName("if") { throw unsupported("a choice of a choice without brackets") }
        }
        return value
    }

    private mutating func alternatives() throws(JinjaProblem) -> JinjaExpression {
        var items = [try conditions()]
        while takeName("or") { items.append(try conditions()) }
        return items.count == 1 ? items[0] : .any(items)
    }

    private mutating func conditions() throws(JinjaProblem) -> JinjaExpression {
        var items = [try negation()]
        while takeName("and") { items.append(try negation()) }
        return items.count == 1 ? items[0] : .all(items)
    }

    private mutating func negation() throws(JinjaProblem) -> JinjaExpression {
        guard takeName("not") else { return try comparison() }
        return .not(try nested { (parser) throws(JinjaProblem) in try parser.negation() })
    }

    private mutating func comparison() throws(JinjaProblem) -> JinjaExpression {
        let first = try sum()
        var rest: [(relation: JinjaExpression.Relation, with: JinjaExpression)] = []
        while let relation = takeRelation() { rest.append((relation, try sum())) }
        return rest.isEmpty ? first : .comparison(first, rest)
    }

    private mutating func takeRelation() -> JinjaExpression.Relation? {
        if case .sign(let sign) = token.kind, let relation = JinjaExpression.Relation(rawValue: sign) {
            at += 1
            return relation
        }
        if takeName("in") { return .isIn }
        if isName("not"), at + 1 < tokens.count, tokens[at + 1].kind == .name("in") {
            at += 2
            return .isNotIn
        }
        return nil
    }

    private mutating func sum() throws(JinjaProblem) -> JinjaExpression {
        let first = try joined()
        var rest: [(isMinus: Bool, JinjaExpression)] = []
        while isSign("+") || isSign("-") {
            let isMinus = isSign("-")
            at += 1
            rest.append((isMinus, try joined()))
        }
        return rest.isEmpty ? first : .sum(first, rest)
    }

    private mutating func joined() throws(JinjaProblem) -> JinjaExpression {
        var items = [try product()]
        while takeSign("~") { items.append(try product()) }
        return items.count == 1 ? items[0] : .joined(items)
    }

    private mutating func product() throws(JinjaProblem) -> JinjaExpression {
        let first = try power()
        var rest: [(sign: String, with: JinjaExpression)] = []
        while case .sign(let sign) = token.kind, ["*", "/", "//", "%"].contains(sign) {
            at += 1
            rest.append((sign, try power()))
        }
        return rest.isEmpty ? first : .product(first, rest)
    }

    private mutating func power() throws(JinjaProblem) -> JinjaExpression {
        let base = try signed(withFilters: true)
        guard takeSign("**") else { return base }
        let exponent = try signed(withFilters: true)
        if isSign("**") { throw unsupported("a power of a power") }
        return .power(base, exponent)
    }

    private mutating func signed(withFilters: Bool) throws(JinjaProblem) -> JinjaExpression {
        let value: JinjaExpression
        if takeSign("-") {
            value = .negative(try nested { (parser) throws(JinjaProblem) in try parser.signed(withFilters: false) })
        } else if takeSign("+") {
            value = try nested { (parser) throws(JinjaProblem) in try parser.signed(withFilters: false) }
        } else {
            value = try primary()
        }
        let links = try links(withFilters: withFilters)
        return links.isEmpty ? value : .chain(value, links)
    }

    mutating func primary() throws(JinjaProblem) -> JinjaExpression {
        let kind = token.kind
        switch kind {
        case .name(let name):
            at += 1
            return switch name {
            case "true", "True": .literal(.bool(true))
            case "false", "False": .literal(.bool(false))
            case "none", "None": .literal(.none)
            default: .name(name)
            }
        case .string(var text):
            at += 1
            while case .string(let more) = token.kind {
                text += more
                at += 1
            }
            return .literal(.string(text))
        case .integer(let value):
            at += 1
            return .literal(.int(value))
        case .float(let value):
            at += 1
            return .literal(.double(value))
        case .sign("("): return try nested { (parser) throws(JinjaProblem) in try parser.bracketed() }
        case .sign("["): return try nested { (parser) throws(JinjaProblem) in try parser.list() }
        case .sign("{"): return try nested { (parser) throws(JinjaProblem) in try parser.dictionary() }
        default: throw wrong("an expression")
        }
    }

    private mutating func bracketed() throws(JinjaProblem) -> JinjaExpression {
        at += 1
        if takeSign(")") { return .list([], isTuple: true) }
        let value = try tuple()
        try expectSign(")")
        return value
    }

    private mutating func list() throws(JinjaProblem) -> JinjaExpression {
        at += 1
        var items: [JinjaExpression] = []
        while !takeSign("]") {
            if !items.isEmpty {
                try expectSign(",")
                if takeSign("]") { break }
            }
            items.append(try expression())
        }
        return .list(items, isTuple: false)
    }

    private mutating func dictionary() throws(JinjaProblem) -> JinjaExpression {
        at += 1
        var items: [(key: JinjaExpression, value: JinjaExpression)] = []
        while !takeSign("}") {
            if !items.isEmpty {
                try expectSign(",")
                if takeSign("}") { break }
            }
            let key = try expression()
            try expectSign(":")
            items.append((key, try expression()))
        }
        return .dictionary(items)
    }
}
