internal import Systems

/// A small part of a JSON file, held whole, that knows where it stands: errors say `pre_tokenizer.pretokenizers[1].type`.
struct JSONNode {
    enum Value {
        case null
        case bool(Bool)
        case number(Double)
        case string(String)
        case array([JSONNode])
        case object([String: JSONNode])
    }

    var value: Value
    /// Where it stands in the file.
    var place: String

    /// - Parameter budget: values that may still be read; what takes more than that throws.
    init(_ reader: inout JSONReader, place: String, budget: inout Int) throws(LoadProblem) {
        self.place = place
        guard budget > 0 else { throw .malformed(place: place, expected: "a shorter file", got: "too many values") }
        budget -= 1
        switch try reader.kind() {
        case .null:
            try reader.null()
            value = .null
        case .bool: value = .bool(try reader.bool())
        case .number: value = .number(try reader.number())
        case .string: value = .string(try reader.string())
        case .array:
            var elements: [JSONNode] = []
            try reader.array { (reader: inout JSONReader) throws(LoadProblem) in
                elements.append(try JSONNode(&reader, place: "\(place)[\(elements.count)]", budget: &budget))
            }
            value = .array(elements)
        case .object:
            var members: [String: JSONNode] = [:]
            try reader.object { (reader: inout JSONReader, key: String) throws(LoadProblem) in
                let inner = place.isEmpty ? key.printable(limit: 80) : "\(place).\(key.printable(limit: 80))"
                let node = try JSONNode(&reader, place: inner, budget: &budget)
                guard members.updateValue(node, forKey: key) == nil else {
                    throw .malformed(place: inner, expected: "each key once", got: "it again")
                }
            }
            value = .object(members)
        }
    }

    /// Values that the parts of a tokenizer's file besides vocabulary and merges may have.
    static let usualBudget = 1_000_000

    var isNull: Bool { if case .null = value { true } else { false } }

    /// nil where there is none, or null.
    func member(_ key: String) throws(LoadProblem) -> JSONNode? {
        guard case .object(let members) = value else { throw wrong("an object") }
        guard let node = members[key], !node.isNull else { return nil }
        return node
    }

    func required(_ key: String) throws(LoadProblem) -> JSONNode {
        guard let node = try member(key) else {
            throw .malformed(place: place, expected: "\"\(key)\"", got: "none")
        }
        return node
    }

    func members() throws(LoadProblem) -> [String: JSONNode] {
        guard case .object(let members) = value else { throw wrong("an object") }
        return members
    }

    func elements() throws(LoadProblem) -> [JSONNode] {
        guard case .array(let elements) = value else { throw wrong("a list") }
        return elements
    }

    /// Steps of a sequence: more than any family has are refused.
    func steps() throws(LoadProblem) -> [JSONNode] {
        let steps = try elements()
        guard steps.count <= 100 else { throw wrong("at most 100 steps") }
        return steps
    }

    /// A string of so many bytes at most.
    func string(upTo limit: Int) throws(LoadProblem) -> String {
        let text = try string()
        guard text.utf8.count <= limit else {
            throw .malformed(place: place, expected: "at most \(limit) bytes", got: "\(text.utf8.count)")
        }
        return text
    }

    func string() throws(LoadProblem) -> String {
        guard case .string(let text) = value else { throw wrong("a string") }
        return text
    }

    func bool() throws(LoadProblem) -> Bool {
        guard case .bool(let flag) = value else { throw wrong("true or false") }
        return flag
    }

    /// A whole number from 0 to `limit`.
    func count(upTo limit: Int) throws(LoadProblem) -> Int {
        guard case .number(let number) = value, let count = Int(exactly: number), (0...limit).contains(count) else {
            throw wrong("a whole number from 0 to \(limit)")
        }
        return count
    }

    // MARK: Members by name

    func string(_ key: String) throws(LoadProblem) -> String { try required(key).string() }

    func bool(_ key: String, default standard: Bool) throws(LoadProblem) -> Bool {
        try member(key)?.bool() ?? standard
    }

    func wrong(_ expected: String) -> LoadProblem {
        .malformed(place: place.isEmpty ? "its JSON" : place, expected: expected, got: shown)
    }

    private var shown: String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): "\(number)"
        case .string(let text): shownToken(text)
        case .array(let elements): "a list of \(elements.count)"
        case .object: "an object"
        }
    }
}
