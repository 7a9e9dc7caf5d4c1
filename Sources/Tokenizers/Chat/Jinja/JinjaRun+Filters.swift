internal import Systems

/// What stands behind a bar.
extension JinjaRun {
    func filter(_ name: String, _ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        if case .string(let text) = value { try look(text) }
        switch name {
        case "trim":
            guard call.positional.isEmpty, call.named.isEmpty else {
                throw problem(.unsupported("trim with characters"))
            }
            return try string(JinjaText.trimmed(try text(of: value)))
        case "length", "count": return .int(try length(of: value))
        case "upper", "lower", "capitalize": return try cased(name, try text(of: value))
        case "title": return try titled(try text(of: value))
        case "string": return try string(try text(of: value))
        case "safe": return value
        case "default", "d":
            let isMissing = value.isUndefined || (!value.isTrue && (call.argument(1, "boolean")?.isTrue ?? false))
            return isMissing ? call.argument(0, "default_value") ?? JinjaValue("") : value
        case "replace":
            return try replaced(try text(of: value), call)
        case "join": return try join(value, call)
        case "first", "last":
            let items = try items(of: value)
            return (name == "first" ? items.first : items.last) ?? .undefined("the \(name) of no items")
        case "list": return try list(try items(of: value))
        case "reverse":
            if case .string(let text) = value { return .string(JinjaText.bytes(JinjaText.scalars(text).reversed())) }
            return try list(try items(of: value).reversed())
        case "int": return integer(value, call.argument(0, "default") ?? .int(0))
        case "float": return float(value, call.argument(0, "default") ?? .double(0))
        case "abs":
            if let number = whole(value) {
                return number < 0 ? try arithmetic("-", .int(0), .int(number)) : .int(number)
            }
            guard let number = number(value) else { throw self.value("a number", value) }
            return .double(number.magnitude)
        case "tojson": return try tojson(value, call)
        case "items":
            if value.isUndefined { return try list([]) }
            guard case .dictionary(let dictionary) = value else { throw self.value("a dictionary", value) }
            return try list(dictionary.items)
        default: return try listFilter(name, value, call)
        }
    }

    private func length(of value: JinjaValue) throws(JinjaProblem) -> Int {
        switch value {
        case .string(let text): JinjaText.count(text)
        case .list(let list): list.items.count
        case .dictionary(let dictionary): dictionary.count
        case .undefined: 0
        default: throw self.value("something with a length", value)
        }
    }

    private func join(_ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        var items = value
        if let name = call.argument(1, "attribute") { items = try attributes(name, of: items) }
        return try joined(
            items, by: try call.argument(0, "d").map { (value) throws(JinjaProblem) in try text(of: value) } ?? [])
    }

    private func integer(_ value: JinjaValue, _ standard: JinjaValue) -> JinjaValue {
        if let number = whole(value) { return .int(number) }
        switch value {
        case .double(let number): return Int(exactly: number.rounded(.towardZero)).map { .int($0) } ?? standard
        case .string(let text):
            let spelled = String(decoding: JinjaText.trimmed(text), as: UTF8.self)
            if let number = Int(spelled) { return .int(number) }
            return Double(spelled).flatMap { Int(exactly: $0.rounded(.towardZero)) }.map { .int($0) } ?? standard
        default: return standard
        }
    }

    private func float(_ value: JinjaValue, _ standard: JinjaValue) -> JinjaValue {
        if let number = number(value) { return .double(number) }
        guard case .string(let text) = value else { return standard }
        return Double(String(decoding: JinjaText.trimmed(text), as: UTF8.self)).map { .double($0) } ?? standard
    }

    private func tojson(_ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        var indent: Int?
        for (name, given) in call.named where name != "ensure_ascii" || given.isTrue {
            guard name == "indent" else { throw problem(.unsupported("tojson with \(name.printable(limit: 40))")) }
            if case .none = given { continue }
            guard let spaces = whole(given), 0...16 ~= spaces else { throw self.value("an indent from 0 to 16", given) }
            indent = spaces
        }
        guard call.positional.isEmpty else { throw problem(.unsupported("tojson with positional arguments")) }
        return try string(try json(value, indent: indent))
    }

    // MARK: Lists

    private func listFilter(_ name: String, _ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        switch name {
        case "map":
            if let attribute = call.named.first(where: { $0.name == "attribute" })?.value {
                return try attributes(attribute, of: value)
            }
            let filter = String(decoding: try textArgument(call), as: UTF8.self)
            let rest = Call(positional: Array(call.positional.dropFirst()), named: call.named)
            return try mapped(value) { (item) throws(JinjaProblem) in try self.filter(filter, item, rest) }
        case "select", "reject", "selectattr", "rejectattr": return try selected(name, value, call)
        case "unique":
            var kept: [JinjaValue] = []
            for item in try items(of: value) {
                try step(kept.count + item.weight)
                if !kept.contains(where: { Self.isEqual($0, item) }) { kept.append(item) }
            }
            return try list(kept)
        case "sum":
            var sum = JinjaValue.int(0)
            for item in try items(of: value) { sum = try arithmetic("+", sum, item) }
            return sum
        case "min", "max":
            var best: JinjaValue?
            for item in try items(of: value) {
                guard let current = best else {
                    best = item
                    continue
                }
                if name == "min" ? try isLess(item, current) : try isLess(current, item) { best = item }
            }
            return best ?? .undefined("the \(name) of no items")
        default: throw problem(.unsupported("the filter \(name.printable(limit: 40))"))
        }
    }

    private func mapped(
        _ value: JinjaValue, _ change: (JinjaValue) throws(JinjaProblem) -> JinjaValue
    ) throws(JinjaProblem) -> JinjaValue {
        var result: [JinjaValue] = []
        for item in try items(of: value) {
            try step()
            result.append(try change(item))
        }
        return try list(result)
    }

    private func attributes(_ name: JinjaValue, of value: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        try mapped(value) { (item) throws(JinjaProblem) in try member(name, of: item) }
    }

    private func member(_ name: JinjaValue, of item: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        guard case .string(let text) = name, !text.contains(UInt8(ascii: ".")) else {
            throw problem(.unsupported("an attribute that is no plain name"))
        }
        guard case .dictionary(let dictionary) = item else { throw value("a dictionary", item) }
        return dictionary[name] ?? .undefined("'\(String(decoding: text, as: UTF8.self))' of a dictionary")
    }

    /// Items that a test takes, or refuses; of themselves or of an attribute.
    private func selected(_ name: String, _ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        let ofAttribute = name.hasSuffix("attr")
        let keeps = name.hasPrefix("select")
        var rest = call.positional[...]
        let attribute = ofAttribute ? rest.popFirst() : nil
        if ofAttribute, attribute == nil { throw problem(.value(expected: "an attribute's name", got: "none")) }
        let test = try rest.popFirst().map { (name) throws(JinjaProblem) in
            String(decoding: try text(of: name), as: UTF8.self)
        }
        let arguments = Call(positional: Array(rest))
        var kept: [JinjaValue] = []
        for item in try items(of: value) {
            try step()
            let tested = try attribute.map { (name) throws(JinjaProblem) in try member(name, of: item) } ?? item
            let holds =
                try test.map { (name) throws(JinjaProblem) in try self.test(name, tested, arguments) } ?? tested.isTrue
            if holds == keeps { kept.append(item) }
        }
        return try list(kept)
    }
}
