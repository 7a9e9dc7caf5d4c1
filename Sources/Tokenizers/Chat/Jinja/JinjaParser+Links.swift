extension JinjaParser {
    /// What follows a value: attributes, items, calls, and filters and tests where they may stand.
    mutating func links(withFilters: Bool) throws(JinjaProblem) -> [JinjaExpression.Link] {
        var links: [JinjaExpression.Link] = []
        while true {
            if takeSign(".") {
                links.append(try attribute())
            } else if isSign("[") {
                links.append(try nested { (parser) throws(JinjaProblem) in try parser.subscripted() })
            } else if isSign("(") {
                links.append(.call(try nested { (parser) throws(JinjaProblem) in try parser.arguments() }))
            } else if withFilters, takeSign("|") {
                links.append(try filter())
            } else if withFilters, takeName("is") {
                links.append(try test())
            } else {
                return links
            }
        }
    }

    private mutating func attribute() throws(JinjaProblem) -> JinjaExpression.Link {
        if case .integer(let index) = token.kind {
            at += 1
            return .item(.literal(.int(index)))
        }
        return .attribute(try expectName())
    }

    private mutating func subscripted() throws(JinjaProblem) -> JinjaExpression.Link {
        at += 1
        var bounds: [JinjaExpression?] = []
        var colons = 0
        while !takeSign("]") {
            if takeSign(":") {
                if bounds.count == colons { bounds.append(nil) }
                colons += 1
            } else if isSign(",") {
                throw unsupported("an item with several keys")
            } else {
                guard bounds.count == colons else { throw wrong("] or :") }
                bounds.append(try expression())
            }
            guard colons <= 2 else { throw wrong("]") }
        }
        if colons == 0 {
            guard let key = bounds.first ?? nil else { throw wrong("a key") }
            return .item(key)
        }
        while bounds.count < 3 { bounds.append(nil) }
        return .slice(bounds[0], bounds[1], bounds[2])
    }

    private mutating func arguments() throws(JinjaProblem) -> JinjaExpression.Arguments {
        try expectSign("(")
        var result = JinjaExpression.Arguments()
        while !takeSign(")") {
            if !result.positional.isEmpty || !result.named.isEmpty {
                try expectSign(",")
                if takeSign(")") { break }
            }
            if isSign("**") || result.rest != nil { throw unsupported("arguments out of a dictionary") }
            if takeSign("*") {
                result.rest = try expression()
            } else if case .name(let name) = token.kind, at + 1 < tokens.count, tokens[at + 1].kind == .sign("=") {
                at += 2
                result.named.append((name, try expression()))
            } else {
                guard result.named.isEmpty else { throw wrong("a named argument") }
                result.positional.append(try expression())
            }
        }
        return result
    }

    /// A filter behind its bar.
    mutating func filter() throws(JinjaProblem) -> JinjaExpression.Link {
        let name = try expectName()
        let arguments = isSign("(") ? try nested { (parser) throws(JinjaProblem) in try parser.arguments() } : .init()
        return .filter(name, arguments)
    }

    /// A test behind `is`.
    private mutating func test() throws(JinjaProblem) -> JinjaExpression.Link {
        let isNegated = takeName("not")
        let name = try expectName()
        var arguments = JinjaExpression.Arguments()
        if isSign("(") {
            arguments = try nested { (parser) throws(JinjaProblem) in try parser.arguments() }
        } else if beginsArgument {
            arguments.positional = [try nested { (parser) throws(JinjaProblem) in try parser.argument() }]
        }
        return .test(name, arguments, isNegated: isNegated)
    }

    /// The one argument that a test may have without brackets.
    private mutating func argument() throws(JinjaProblem) -> JinjaExpression {
        let value = try primary()
        let links = try links(withFilters: false)
        return links.isEmpty ? value : .chain(value, links)
    }

    private var beginsArgument: Bool {
        switch token.kind {
        case .name(let name): !["else", "or", "and", "if", "is", "in", "not"].contains(name)
        case .string, .integer, .float, .sign("["), .sign("{"): true
        default: false
        }
    }
}
