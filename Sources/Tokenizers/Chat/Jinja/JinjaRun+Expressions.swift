internal import Systems

extension JinjaRun {
    func evaluate(_ expression: JinjaExpression, _ scope: JinjaScope) throws(JinjaProblem) -> JinjaValue {
        try deeper { () throws(JinjaProblem) in try value(of: expression, scope) }
    }

    private func value(of expression: JinjaExpression, _ scope: JinjaScope) throws(JinjaProblem) -> JinjaValue {
        switch expression {
        case .literal(let value): return value
        case .name(let name): return scope.find(name) ?? .undefined("'\(name)'")
        case .list(let items, let isTuple): return try list(try values(of: items, scope), isTuple: isTuple)
        case .dictionary(let members): return try dictionary(members, scope)
        case .not(let operand): return .bool(!(try evaluate(operand, scope).isTrue))
        case .negative(let operand): return try arithmetic("-", .int(0), try evaluate(operand, scope))
        case .all(let items): return try firstThat(isTrue: false, items, scope)
        case .any(let items): return try firstThat(isTrue: true, items, scope)
        case .comparison(let first, let rest): return .bool(try holds(first, rest, scope))
        case .sum(let first, let rest):
            var sum = try evaluate(first, scope)
            for (isMinus, operand) in rest {
                sum = try arithmetic(isMinus ? "-" : "+", sum, try evaluate(operand, scope))
            }
            return sum
        case .product(let first, let rest):
            var product = try evaluate(first, scope)
            for (sign, operand) in rest { product = try arithmetic(sign, product, try evaluate(operand, scope)) }
            return product
        case .power(let base, let exponent):
            return try arithmetic("**", try evaluate(base, scope), try evaluate(exponent, scope))
        case .joined(let items):
            var joined: [UInt8] = []
            for item in items { joined += try text(of: try evaluate(item, scope)) }
            return try string(joined)
        case .choice(let value, let condition, let otherwise):
            if try evaluate(condition, scope).isTrue { return try evaluate(value, scope) }
            guard let otherwise else { return .undefined("the choice without an else") }
            return try evaluate(otherwise, scope)
        case .chain(let first, let links):
            var value = try evaluate(first, scope)
            for link in links {
                try step()
                value = try follow(link, from: value, scope)
            }
            return value
        }
    }

    func values(of expressions: [JinjaExpression], _ scope: JinjaScope) throws(JinjaProblem) -> [JinjaValue] {
        var values: [JinjaValue] = []
        for expression in expressions { values.append(try evaluate(expression, scope)) }
        return values
    }

    private func dictionary(
        _ members: [(key: JinjaExpression, value: JinjaExpression)], _ scope: JinjaScope
    ) throws(JinjaProblem) -> JinjaValue {
        var result = JinjaDictionary()
        for member in members {
            let key = try key(try evaluate(member.key, scope))
            guard result.set(key, try evaluate(member.value, scope)) else { throw value("a key of a dictionary", key) }
        }
        try make(members.count * 32)
        guard result.depth <= JinjaValue.depthLimit else {
            throw problem(.limit("dictionaries that hold themselves, or too many levels"))
        }
        return .dictionary(result)
    }

    /// The value of the first operand that decides, or of the last.
    private func firstThat(
        isTrue: Bool, _ items: [JinjaExpression], _ scope: JinjaScope
    ) throws(JinjaProblem) -> JinjaValue {
        var value = JinjaValue.none
        for item in items {
            value = try evaluate(item, scope)
            if value.isTrue == isTrue { return value }
        }
        return value
    }

    private func holds(
        _ first: JinjaExpression, _ rest: [(relation: JinjaExpression.Relation, with: JinjaExpression)],
        _ scope: JinjaScope
    ) throws(JinjaProblem) -> Bool {
        var left = try evaluate(first, scope)
        for (relation, operand) in rest {
            let right = try evaluate(operand, scope)
            guard try holds(left, relation, right) else { return false }
            left = right
        }
        return true
    }

    // MARK: Links

    func follow(
        _ link: JinjaExpression.Link, from value: JinjaValue, _ scope: JinjaScope
    ) throws(JinjaProblem) -> JinjaValue {
        switch link {
        case .attribute(let name): return try attribute(name, of: value)
        case .item(let index): return try item(try key(try evaluate(index, scope)), of: value)
        case .slice(let start, let stop, let stride):
            return try slice(
                value, try bound(start, scope), try bound(stop, scope), stride: try bound(stride, scope) ?? 1)
        case .call(let arguments): return try call(value, try evaluated(arguments, scope))
        case .filter(let name, let arguments): return try filter(name, value, try evaluated(arguments, scope))
        case .test(let name, let arguments, let isNegated):
            return .bool(try test(name, value, try evaluated(arguments, scope)) != isNegated)
        }
    }

    /// Arguments of a call, evaluated.
    struct Call {
        var positional: [JinjaValue] = []
        var named: [(name: String, value: JinjaValue)] = []

        /// The argument at a place or of a name.
        func argument(_ place: Int, _ name: String) -> JinjaValue? {
            positional.indices.contains(place) ? positional[place] : named.first { $0.name == name }?.value
        }
    }

    private func evaluated(
        _ arguments: JinjaExpression.Arguments, _ scope: JinjaScope
    ) throws(JinjaProblem) -> Call {
        var call = Call(positional: try values(of: arguments.positional, scope))
        if let rest = arguments.rest { call.positional += try items(of: try evaluate(rest, scope)) }
        for argument in arguments.named { call.named.append((argument.name, try evaluate(argument.value, scope))) }
        return call
    }

    private func bound(_ expression: JinjaExpression?, _ scope: JinjaScope) throws(JinjaProblem) -> Int? {
        guard let expression else { return nil }
        switch try evaluate(expression, scope) {
        case .none: return nil
        case .int(let value): return value
        case .bool(let value): return value ? 1 : 0
        case let other: throw value("a whole number", other)
        }
    }

    private func attribute(_ name: String, of owner: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        let missing = JinjaValue.undefined("'\(name)' of \(owner.type)")
        switch owner {
        case .undefined: throw value("something with '\(name.printable(limit: 40))'", owner)
        case .namespace(let namespace): return namespace.members[name] ?? missing
        case .loop(let loop): return loop.attribute(name) ?? missing
        case .dictionary(let dictionary):
            return JinjaMethods.dictionary.contains(name) ? .method(of: owner, name) : dictionary[name] ?? missing
        case .string: return JinjaMethods.string.contains(name) ? .method(of: owner, name) : missing
        case .list: return JinjaMethods.list.contains(name) ? .method(of: owner, name) : missing
        default: return missing
        }
    }

    private func item(_ key: JinjaValue, of owner: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        let missing = JinjaValue.undefined("an item of \(owner.type)")
        switch (owner, key) {
        case (.undefined, _): throw value("something with items", owner)
        case (.dictionary(let dictionary), _): if let value = dictionary[key] { return value }
        case (.list(let list), .int(let index)):
            let place = index < 0 ? list.items.count + index : index
            return list.items.indices.contains(place) ? list.items[place] : missing
        case (.string(let text), .int(let index)):
            try look(text)
            let scalars = JinjaText.scalars(text)
            let place = index < 0 ? scalars.count + index : index
            return scalars.indices.contains(place) ? .string(JinjaText.bytes([scalars[place]])) : missing
        default: break
        }
        guard case .string(let name) = key else { return missing }
        return try attribute(String(decoding: name, as: UTF8.self), of: owner)
    }
}

extension JinjaLoop {
    func attribute(_ name: String) -> JinjaValue? {
        switch name {
        case "index": .int(index + 1)
        case "index0": .int(index)
        case "revindex": .int(count - index)
        case "revindex0": .int(count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == count - 1)
        case "length": .int(count)
        // Deeper are recursive loops alone.
        case "depth": .int(1)
        case "depth0": .int(0)
        case "previtem": previous ?? .undefined("'previtem' of a loop's first round")
        case "nextitem": next ?? .undefined("'nextitem' of a loop's last round")
        case "cycle": .method(of: .loop(self), "cycle")
        default: nil
        }
    }
}
