internal import Foundation

/// Operators, with Python's meaning.
extension JinjaRun {
    func arithmetic(_ sign: String, _ left: JinjaValue, _ right: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        switch (left, right, sign) {
        case (.string(let first), .string(let second), "+"): return try string(first + second)
        case (.list(let first), .list(let second), "+") where first.isTuple == second.isTuple:
            return try list(first.items + second.items, isTuple: first.isTuple)
        case (.string(let text), .int(let count), "*"), (.int(let count), .string(let text), "*"):
            return try repeated(text, count)
        case (.string, _, "%"): throw problem(.unsupported("formatting with %"))
        default: break
        }
        if let first = whole(left), let second = whole(right), sign != "/" {
            if sign == "**", second < 0 { return .double(pow(Double(first), Double(second))) }
            return .int(try arithmetic(sign, first, second))
        }
        guard let first = number(left) else { throw value("two values that \(sign) takes", left) }
        guard let second = number(right) else { throw value("two values that \(sign) takes", right) }
        switch sign {
        case "+": return .double(first + second)
        case "-": return .double(first - second)
        case "*": return .double(first * second)
        case "**": return .double(pow(first, second))
        default: break
        }
        guard second != 0 else { throw problem(.value(expected: "a divisor", got: "0")) }
        if sign == "/" { return .double(first / second) }
        let quotient = (first / second).rounded(.down)
        return .double(sign == "//" ? quotient : first - quotient * second)
    }

    private func arithmetic(_ sign: String, _ left: Int, _ right: Int) throws(JinjaProblem) -> Int {
        var result: (partialValue: Int, overflow: Bool)
        switch sign {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        case "**":
            result = (1, false)
            guard right <= 64 || (-1...1).contains(left) else { throw problem(.limit("a number of more than 64 bits")) }
            for _ in 0..<(right <= 64 ? right : 64 + right % 2) where !result.overflow {
                result = result.partialValue.multipliedReportingOverflow(by: left)
            }
        default:
            guard right != 0 else { throw problem(.value(expected: "a divisor", got: "0")) }
            let (quotient, overflow) = left.dividedReportingOverflow(by: right)
            let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            result =
                sign == "//" ? (quotient - (isBelow ? 1 : 0), overflow) : (remainder + (isBelow ? right : 0), false)
        }
        guard !result.overflow else { throw problem(.limit("a number of more than 64 bits")) }
        return result.partialValue
    }

    private func repeated(_ text: [UInt8], _ count: Int) throws(JinjaProblem) -> JinjaValue {
        let (bytes, overflow) = text.count.multipliedReportingOverflow(by: max(count, 0))
        try make(overflow ? .max : bytes)
        return .string(Array(repeatElement(text, count: max(count, 0)).joined()))
    }

    /// A whole number; true is 1.
    func whole(_ value: JinjaValue) -> Int? {
        switch value {
        case .int(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    func number(_ value: JinjaValue) -> Double? {
        if case .double(let value) = value { value } else { whole(value).map(Double.init) }
    }

    // MARK: Comparison

    func holds(
        _ left: JinjaValue, _ relation: JinjaExpression.Relation, _ right: JinjaValue
    ) throws(JinjaProblem) -> Bool {
        try step(relation == .isIn || relation == .isNotIn ? left.weight : min(left.weight, right.weight))
        return switch relation {
        case .equal: Self.isEqual(left, right)
        case .unequal: !Self.isEqual(left, right)
        case .isIn: try contains(right, left)
        case .isNotIn: try !contains(right, left)
        case .less: try isLess(left, right)
        case .more: try isLess(right, left)
        case .lessEqual: try isLess(left, right) || Self.isEqual(left, right)
        case .moreEqual: try isLess(right, left) || Self.isEqual(left, right)
        }
    }

    static func isEqual(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let first), .string(let second)): first == second
        case (.list(let first), .list(let second)):
            first.isTuple == second.isTuple && first.items.elementsEqual(second.items, by: isEqual)
        case (.dictionary(let first), .dictionary(let second)):
            first.count == second.count
                && zip(first.keys, first.values).allSatisfy { key, value in
                    second[key].map { isEqual($0, value) } ?? false
                }
        case (.namespace(let first), .namespace(let second)): first === second
        case (.macro(let first), .macro(let second)): first === second
        case (.function(let first), .function(let second)): first == second
        default: isEqualNumber(left, right)
        }
    }

    private static func isEqualNumber(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        guard let first = JinjaKey(left), let second = JinjaKey(right) else { return false }
        return first == second
    }

    func isLess(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaProblem) -> Bool {
        if case .string(let first) = left, case .string(let second) = right {
            return first.lexicographicallyPrecedes(second)
        }
        if case .list(let first) = left, case .list(let second) = right {
            for (a, b) in zip(first.items, second.items) where !Self.isEqual(a, b) {
                return try deeper { () throws(JinjaProblem) in try isLess(a, b) }
            }
            return first.items.count < second.items.count
        }
        if let first = whole(left), let second = whole(right) { return first < second }
        guard let first = number(left) else { throw value("two numbers or two texts to compare", left) }
        guard let second = number(right) else { throw value("two numbers or two texts to compare", right) }
        return first < second
    }

    func contains(_ owner: JinjaValue, _ part: JinjaValue) throws(JinjaProblem) -> Bool {
        switch owner {
        case .string(let text):
            guard case .string(let part) = part else { throw value("a text in a text", part) }
            return try find(part, in: text) != nil
        case .list(let list):
            try step(list.weight)
            return list.items.contains { Self.isEqual($0, part) }
        case .dictionary(let dictionary): return dictionary[part] != nil
        case .undefined: return false
        default: throw value("a text, a list or a dictionary behind in", owner)
        }
    }

    // MARK: Items

    /// What a loop runs over.
    func items(of value: JinjaValue) throws(JinjaProblem) -> [JinjaValue] {
        switch value {
        case .list(let list): return list.items
        case .dictionary(let dictionary): return dictionary.keys
        case .string(let text):
            try make(text.count * 16)
            return JinjaText.scalars(text).map { .string(JinjaText.bytes([$0])) }
        case .undefined: return []
        default: throw self.value("a list, a dictionary or a text", value)
        }
    }

    func slice(_ owner: JinjaValue, _ start: Int?, _ stop: Int?, stride: Int) throws(JinjaProblem) -> JinjaValue {
        guard stride != 0 else { throw problem(.value(expected: "a step", got: "0")) }
        switch owner {
        case .list(let list):
            let places = Self.places(list.items.count, start, stop, stride)
            return try self.list(places.map { list.items[$0] }, isTuple: list.isTuple)
        case .string(let text):
            try look(text)
            let scalars = JinjaText.scalars(text)
            try make(text.count)
            return .string(JinjaText.bytes(Self.places(scalars.count, start, stop, stride).map { scalars[$0] }))
        case .undefined: throw value("something to take a part of", owner)
        default: throw value("a list or a text to take a part of", owner)
        }
    }

    /// The places that a slice names, as Python bounds them.
    private static func places(_ count: Int, _ start: Int?, _ stop: Int?, _ step: Int) -> [Int] {
        func place(_ index: Int, _ low: Int, _ high: Int) -> Int {
            min(max(index < 0 ? index.addingReportingOverflow(count).partialValue : index, low), high)
        }
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        let first = start.map { place($0, low, high) } ?? (step > 0 ? 0 : count - 1)
        let last = stop.map { place($0, low, high) } ?? (step > 0 ? count : -1)
        return Array(Swift.stride(from: first, to: last, by: step))
    }
}
