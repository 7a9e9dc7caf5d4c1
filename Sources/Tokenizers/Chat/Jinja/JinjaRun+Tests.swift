internal import Systems

/// What stands behind `is`.
extension JinjaRun {
    func test(_ name: String, _ value: JinjaValue, _ call: Call) throws(JinjaProblem) -> Bool {
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": if case .none = value { return true }
        case "boolean": if case .bool = value { return true }
        case "true": if case .bool(true) = value { return true }
        case "false": if case .bool(false) = value { return true }
        case "integer": if case .int = value { return true }
        case "float": if case .double = value { return true }
        case "number": return number(value) != nil
        case "string": if case .string = value { return true }
        case "mapping": if case .dictionary = value { return true }
        case "sequence", "iterable":
            switch value {
            case .string, .list, .dictionary: return true
            case .undefined: return true
            default: return false
            }
        case "callable":
            switch value {
            case .macro, .function, .method: return true
            default: return false
            }
        case "odd", "even", "divisibleby":
            guard let number = whole(value) else { throw self.value("a whole number", value) }
            guard name == "divisibleby" else { return (number % 2 == 0) == (name == "even") }
            guard let divisor = call.positional.first.flatMap(whole), divisor != 0 else {
                throw problem(.value(expected: "a divisor", got: "another value"))
            }
            return number.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        case "lower", "upper":
            guard case .string(let text) = value else { throw self.value("a text", value) }
            try classify(text)
            return isCased(text, upper: name == "upper")
        case "sameas":
            guard let other = call.positional.first else { throw problem(.value(expected: "a value", got: "none")) }
            return value.type == other.type && Self.isEqual(value, other)
        default:
            guard let relation = Self.relations[name] else {
                throw problem(.unsupported("the test \(name.printable(limit: 40))"))
            }
            guard let other = call.positional.first else { throw problem(.value(expected: "a value", got: "none")) }
            return try holds(value, relation, other)
        }
        return false
    }

    private static let relations: [String: JinjaExpression.Relation] = [
        "eq": .equal, "equalto": .equal, "==": .equal, "ne": .unequal, "!=": .unequal, "lt": .less, "lessthan": .less,
        "le": .lessEqual, "gt": .more, "greaterthan": .more, "ge": .moreEqual, "in": .isIn,
    ]

    private func isCased(_ text: [UInt8], upper: Bool) -> Bool {
        let cased = JinjaText.scalars(text).filter(\.properties.isCased)
        return !cased.isEmpty && cased.allSatisfy { upper ? $0.properties.isUppercase : $0.properties.isLowercase }
    }
}
