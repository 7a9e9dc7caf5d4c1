/// Names that a value has as methods, whatever a dictionary holds.
enum JinjaMethods {
    static let dictionary: Set<String> = ["items", "keys", "values", "get"]
    static let list: Set<String> = ["count", "index"]
    static let string: Set<String> = [
        "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "rsplit", "splitlines", "replace", "upper",
        "lower",
        "title", "capitalize", "find", "rfind", "count", "join", "isdigit", "isalpha", "isspace", "removeprefix",
        "removesuffix",
    ]
}

extension JinjaRun {
    func call(_ callee: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        switch callee {
        case .macro(let macro): return try self.call(macro, call.positional, call.named)
        case .function(let name): return try function(name, call)
        case .method(let owner, let name): return try method(name, of: owner, call)
        default: throw value("something to call", callee)
        }
    }

    private func method(_ name: String, of owner: JinjaValue, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        switch owner {
        case .dictionary(let dictionary): return try method(name, of: dictionary, call)
        case .list(let list):
            try step(list.weight)
            guard let wanted = call.argument(0, "value") else {
                throw problem(.value(expected: "a value", got: "none"))
            }
            let places = list.items.indices.filter { Self.isEqual(list.items[$0], wanted) }
            if name == "count" { return .int(places.count) }
            guard let first = places.first else {
                throw problem(.value(expected: "an item of the list", got: "another"))
            }
            return .int(first)
        case .loop(let loop):
            guard !call.positional.isEmpty else { throw problem(.value(expected: "values for cycle", got: "none")) }
            return call.positional[loop.index % call.positional.count]
        case .string(let text): return try method(name, of: text, call)
        default: throw value("something with methods", owner)
        }
    }

    private func method(
        _ name: String, of dictionary: JinjaDictionary, _ call: Call
    ) throws(JinjaProblem) -> JinjaValue {
        switch name {
        case "items": return try list(dictionary.items)
        case "keys": return try list(dictionary.keys)
        case "values": return try list(dictionary.values)
        default:
            guard let key = call.argument(0, "key") else { throw problem(.value(expected: "a key", got: "none")) }
            return dictionary[try self.key(key)] ?? call.argument(1, "default") ?? .none
        }
    }

    // MARK: Texts

    private func method(_ name: String, of text: [UInt8], _ call: Call) throws(JinjaProblem) -> JinjaValue {
        try look(text)
        switch name {
        case "strip", "lstrip", "rstrip": return try stripped(name, text, call)
        case "startswith", "endswith": return .bool(try hasEnd(name, text, call))
        case "split", "rsplit": return try split(name, text, call)
        case "splitlines": return try lines(text)
        case "replace": return try replaced(text, call)
        case "find":
            let place = try find(try textArgument(call), in: text)
            return .int(place.map { JinjaText.count(text[..<$0]) } ?? -1)
        case "rfind":
            let place = try findLast(try textArgument(call), in: text, before: text.count)
            return .int(place.map { JinjaText.count(text[..<$0]) } ?? -1)
        case "count": return .int(try count(of: try textArgument(call), in: text))
        case "join":
            guard let items = call.argument(0, "iterable") else {
                throw problem(.value(expected: "texts", got: "none"))
            }
            return try joined(items, by: text)
        case "removeprefix":
            let prefix = try textArgument(call)
            return .string(text.starts(with: prefix) ? Array(text.dropFirst(prefix.count)) : text)
        case "removesuffix":
            let suffix = try textArgument(call)
            let ends = text.suffix(suffix.count).elementsEqual(suffix)
            return .string(ends ? Array(text.dropLast(suffix.count)) : text)
        case "isdigit":
            return .bool(
                try isEach(text) { $0.properties.numericType == .decimal || $0.properties.numericType == .digit })
        case "isalpha": return .bool(try isEach(text) { $0.properties.generalCategory.isLetter })
        case "isspace": return .bool(try isEach(text) { JinjaText.isSpace($0.value) })
        default: return try cased(name, text)
        }
    }

    func cased(_ name: String, _ text: [UInt8]) throws(JinjaProblem) -> JinjaValue {
        try classify(text)
        let shown = String(decoding: text, as: UTF8.self)
        switch name {
        case "upper": return try string(Array(shown.uppercased().utf8))
        case "lower": return try string(Array(shown.lowercased().utf8))
        case "capitalize":
            let first = shown.unicodeScalars.first.map { $0.properties.titlecaseMapping } ?? ""
            let rest = String(shown.unicodeScalars.dropFirst()).lowercased()
            return try string(Array((first + rest).utf8))
        default:
            var result = ""
            var isInWord = false
            for scalar in shown.unicodeScalars {
                result += isInWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
                isInWord = scalar.properties.isCased
            }
            return try string(Array(result.utf8))
        }
    }

    /// The filter `title`: unlike the method, it goes on behind an apostrophe.
    func titled(_ text: [UInt8]) throws(JinjaProblem) -> JinjaValue {
        try classify(text)
        var result = ""
        var isInWord = false
        for scalar in JinjaText.scalars(text) {
            result += isInWord ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
            isInWord = !JinjaText.isSpace(scalar.value) && !"-({[<".unicodeScalars.contains(scalar)
        }
        return try string(Array(result.utf8))
    }

    private func isEach(_ text: [UInt8], _ test: (UnicodeScalar) -> Bool) throws(JinjaProblem) -> Bool {
        try classify(text)
        return !text.isEmpty && JinjaText.scalars(text).allSatisfy(test)
    }

    func textArgument(_ call: Call, _ place: Int = 0) throws(JinjaProblem) -> [UInt8] {
        guard call.positional.indices.contains(place) else {
            throw problem(.value(expected: "a text as argument", got: "none"))
        }
        guard case .string(let text) = call.positional[place] else {
            throw value("a text as argument", call.positional[place])
        }
        return text
    }

    private func stripped(_ name: String, _ text: [UInt8], _ call: Call) throws(JinjaProblem) -> JinjaValue {
        var isDropped: (UInt32) -> Bool = JinjaText.isSpace
        if let given = call.positional.first, case .string(let characters) = given {
            let dropped = Set(JinjaText.scalars(characters).map(\.value))
            isDropped = { dropped.contains($0) }
        }
        var rest = text[...]
        if name != "rstrip" { rest = JinjaText.withoutLeading(rest, isDropped) }
        if name != "lstrip" { rest = JinjaText.withoutTrailing(rest, isDropped) }
        return try string(Array(rest))
    }

    private func hasEnd(_ name: String, _ text: [UInt8], _ call: Call) throws(JinjaProblem) -> Bool {
        guard let argument = call.positional.first else {
            throw problem(.value(expected: "a text as argument", got: "none"))
        }
        var ends = [argument]
        if case .list(let list) = argument, list.isTuple { ends = list.items }
        for end in ends {
            guard case .string(let end) = end else { throw value("a text as argument", end) }
            let found = name == "startswith" ? text.starts(with: end) : text.suffix(end.count).elementsEqual(end)
            if found { return true }
        }
        return false
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isLetter: Bool {
        [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter].contains(self)
    }
}
