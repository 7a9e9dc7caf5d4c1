/// What an expression of a template gives. Texts are UTF-8.
enum JinjaValue {
    /// What has no value: its name, as a message shows it.
    case undefined(String)
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string([UInt8])
    case list(JinjaList)
    case dictionary(JinjaDictionary)
    case namespace(JinjaNamespace)
    indirect case loop(JinjaLoop)
    case macro(JinjaMacro)
    /// A function that is built in, by its name.
    case function(String)
    indirect case method(of: JinjaValue, String)

    init(_ text: String) { self = .string(Array(text.utf8)) }

    /// Python's name of its type.
    var type: String {
        switch self {
        case .undefined: "an undefined value"
        case .none: "None"
        case .bool: "a bool"
        case .int: "an int"
        case .double: "a float"
        case .string: "a string"
        case .list(let list): list.isTuple ? "a tuple" : "a list"
        case .dictionary: "a dictionary"
        case .namespace: "a namespace"
        case .loop: "a loop"
        case .macro: "a macro"
        case .function, .method: "a function"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let list): !list.items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .namespace, .loop, .macro, .function, .method: true
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// Levels of lists inside of each other; what may hold itself counts as more than may be put into a list.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .namespace, .loop, .method: Self.depthLimit + 1
        default: 0
        }
    }

    /// So deep may lists stand in each other.
    static let depthLimit = 50

    /// What it costs to look at all of it, in steps: lists may hold one list many times.
    var weight: Int {
        switch self {
        case .string(let text): 1 + text.count >> 10
        case .list(let list): list.weight
        case .dictionary(let dictionary): dictionary.weight
        default: 1
        }
    }

    /// Nothing heavier can come into being.
    static let weightLimit = 1 << 40
}

/// A list or a tuple.
struct JinjaList {
    let items: [JinjaValue]
    let isTuple: Bool
    let depth: Int
    let weight: Int

    init(_ items: [JinjaValue], isTuple: Bool = false) {
        self.items = items
        self.isTuple = isTuple
        weight = items.reduce(1) { min($0 + $1.weight, JinjaValue.weightLimit) }
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// What a dictionary finds a value by: numbers that are equal are one key.
enum JinjaKey: Hashable {
    case none
    case int(Int)
    case double(Double)
    case string([UInt8])

    init?(_ value: JinjaValue) {
        switch value {
        case .none: self = .none
        case .bool(let value): self = .int(value ? 1 : 0)
        case .int(let value): self = .int(value)
        case .double(let value): self = Int(exactly: value).map { .int($0) } ?? .double(value)
        case .string(let text): self = .string(text)
        default: return nil
        }
    }
}

/// Keys and values, in the order of their first coming.
struct JinjaDictionary {
    private(set) var keys: [JinjaValue] = []
    private(set) var values: [JinjaValue] = []
    private var places: [JinjaKey: Int] = [:]
    private(set) var depth = 1
    private(set) var weight = 1

    init() {}

    init(_ members: [(String, JinjaValue)]) {
        for (name, value) in members { _ = set(JinjaValue(name), value) }
    }

    var count: Int { keys.count }

    subscript(_ key: JinjaValue) -> JinjaValue? { JinjaKey(key).flatMap { places[$0] }.map { values[$0] } }

    subscript(_ name: String) -> JinjaValue? { places[.string(Array(name.utf8))].map { values[$0] } }

    /// False for a key that cannot be one.
    mutating func set(_ key: JinjaValue, _ value: JinjaValue) -> Bool {
        guard let place = JinjaKey(key) else { return false }
        if let known = places[place] {
            values[known] = value
        } else {
            places[place] = keys.count
            keys.append(key)
            values.append(value)
        }
        depth = max(depth, 1 + value.depth)
        weight = min(weight + key.weight + value.weight, JinjaValue.weightLimit)
        return true
    }

    /// Pairs as tuples.
    var items: [JinjaValue] { zip(keys, values).map { .list(JinjaList([$0, $1], isTuple: true)) } }
}

/// `namespace(…)`: values that assignments inside of loops change.
final class JinjaNamespace {
    var members: [String: JinjaValue]

    init(_ members: [String: JinjaValue]) { self.members = members }
}

/// A loop as its body sees it.
struct JinjaLoop {
    var index: Int
    var count: Int
    var previous: JinjaValue?
    var next: JinjaValue?
}

/// A macro, with what it sees.
final class JinjaMacro {
    let definition: JinjaStatement.Macro
    /// A scope holds its macros.
    private(set) weak var scope: JinjaScope?

    init(_ definition: JinjaStatement.Macro, in scope: JinjaScope) {
        self.definition = definition
        self.scope = scope
    }
}

/// The names that a part of a template assigns, and what surrounds it.
final class JinjaScope {
    var values: [String: JinjaValue] = [:]
    let parent: JinjaScope?

    init(parent: JinjaScope?) { self.parent = parent }

    func find(_ name: String) -> JinjaValue? {
        var scope: JinjaScope? = self
        while let current = scope {
            if let value = current.values[name] { return value }
            scope = current.parent
        }
        return nil
    }
}
