internal import Systems
internal import Tokenizers

/// The values of one record's columns.
struct RecordFields {
    private var texts: [String: String] = [:]
    private(set) var history: [Record.Round]?
    private(set) var messages: [ChatMessage]?

    /// Columns of a table; a column that is a list holds it as JSON.
    init(_ cells: [(name: String, text: String)], _ layout: RecordLayout) throws(LineProblem) {
        for (name, text) in cells where layout.columns.contains(name) {
            guard name == layout.list else {
                texts[name] = text
                continue
            }
            guard !text.isEmpty else { continue }
            do throws(LineProblem) {
                try Array(text.utf8).withLineBytes { bytes throws(LineProblem) in
                    var scanner = LineScanner(bytes)
                    try readList(&scanner, layout)
                    try scanner.expectEnd()
                }
            } catch {
                throw LineProblem(expected: error.expected + " in \"\(name.printable(limit: 60))\"", got: error.got)
            }
        }
    }

    /// A line of JSON.
    init(_ line: UnsafeRawBufferPointer, _ layout: RecordLayout) throws(LineProblem) {
        var scanner = LineScanner(line)
        let wanted = layout.columns
        var found: Set<String> = []
        try scanner.object("an object a line") { (scanner: inout LineScanner, key) throws(LineProblem) in
            guard wanted.contains(key) else { return try scanner.passValue(depth: 1) }
            guard found.insert(key).inserted else {
                throw scanner.problem("each key once", got: "\"\(key.printable(limit: 60))\" again")
            }
            if scanner.takeNull() { return }
            if key == layout.list { return try readList(&scanner, layout) }
            texts[key] = try scanner.string("a text for \"\(key.printable(limit: 60))\"")
        }
        try scanner.expectEnd()
    }

    /// The keys of a line.
    static func keys(_ line: UnsafeRawBufferPointer) throws(LineProblem) -> [String] {
        var scanner = LineScanner(line)
        guard scanner.next != UInt8(ascii: "[") else {
            throw scanner.problem("an object a line, not all of them in one array", got: "\"[\"")
        }
        var keys: [String] = []
        try scanner.object("an object a line") { (scanner: inout LineScanner, key) throws(LineProblem) in
            keys.append(key)
            try scanner.passValue(depth: 1)
        }
        try scanner.expectEnd()
        return keys
    }

    func text(_ column: String) throws(LineProblem) -> String {
        guard let text = texts[column] else {
            throw LineProblem(expected: "a text for \"\(column.printable(limit: 60))\"", got: "none")
        }
        return text
    }

    /// nil also where it is empty.
    func optional(_ column: String) -> String? { texts[column].flatMap { $0.isEmpty ? nil : $0 } }

    // MARK: Lists

    private mutating func readList(_ scanner: inout LineScanner, _ layout: RecordLayout) throws(LineProblem) {
        if case .messages = layout {
            messages = try Self.messages(&scanner)
        } else {
            history = try Self.history(&scanner)
        }
    }

    /// `[["question", "answer"], …]`
    private static func history(_ scanner: inout LineScanner) throws(LineProblem) -> [Record.Round] {
        var rounds: [Record.Round] = []
        try scanner.array("a history: [[prompt, response], …]") { (scanner: inout LineScanner) throws(LineProblem) in
            var texts: [String] = []
            try scanner.array("[prompt, response]") { (scanner: inout LineScanner) throws(LineProblem) in
                texts.append(try scanner.string("a text"))
            }
            guard texts.count == 2 else { throw scanner.problem("[prompt, response]", got: "\(texts.count) texts") }
            rounds.append(.init(prompt: texts[0], response: texts[1]))
        }
        return rounds
    }

    /// `[{"role": "user", "content": "…"}, …]`, or ShareGPT's `from` and `value`.
    private static func messages(_ scanner: inout LineScanner) throws(LineProblem) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        let other = ["human": "user", "gpt": "assistant"]
        try scanner.array("a list of messages") { (scanner: inout LineScanner) throws(LineProblem) in
            var (role, content): (String?, String?)
            try scanner.object("{\"role\": …, \"content\": …}") {
                (scanner: inout LineScanner, key) throws(LineProblem) in
                switch key {
                case "role", "from": role = try scanner.string("a text for \"\(key)\"")
                case "content", "value": content = try scanner.string("a text for \"\(key)\"")
                default: try scanner.passValue(depth: 3)
                }
            }
            guard let role, let content else {
                throw scanner.problem("a message with \"role\" and \"content\"", got: "one without")
            }
            messages.append(ChatMessage(role: other[role] ?? role, content: content))
        }
        return messages
    }
}

extension [UInt8] {
    /// Lends the bytes to what may throw.
    fileprivate func withLineBytes<Value>(
        _ body: (UnsafeRawBufferPointer) throws(LineProblem) -> Value
    ) throws(LineProblem) -> Value {
        let outcome: Result<Value, LineProblem> = withUnsafeBytes { bytes in
            Result { () throws(LineProblem) in try body(bytes) }
        }
        return try outcome.get()
    }
}
