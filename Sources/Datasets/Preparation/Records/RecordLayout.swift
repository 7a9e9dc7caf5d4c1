internal import Systems

/// Which columns of a file mean what: decided by the names in its first record.
enum RecordLayout: Hashable, Sendable {
    case messages(String)
    case exchange(prompt: String, response: String, history: String?)
    /// Alpaca's: the input follows the instruction on a line of its own.
    case alpaca
    case text

    /// - Throws: where the names are of no known layout.
    init(columns: [String], _ settings: PreparationSettings) throws(LineProblem) {
        let prompt = settings.promptColumn ?? "prompt"
        let response = settings.responseColumn ?? "response"
        let history = settings.historyColumn ?? "history"
        let isNamed = settings.promptColumn != nil || settings.responseColumn != nil
        if columns.contains(prompt), columns.contains(response) {
            let hasHistory = settings.historyColumn != nil || columns.contains(history)
            self = .exchange(prompt: prompt, response: response, history: hasHistory ? history : nil)
        } else if !isNamed, let key = ["messages", "conversations"].first(where: columns.contains) {
            self = .messages(key)
        } else if !isNamed, columns.contains("instruction"), columns.contains("output") {
            self = .alpaca
        } else if !isNamed, columns.contains("text") {
            self = .text
        } else {
            let names = columns.prefix(12).map { "\"\($0.printable(limit: 60))\"" }.joined(separator: ", ")
            let usual = "\"messages\", \"instruction\" and \"output\", or \"text\" (--prompt-column, --response-column)"
            throw LineProblem(
                expected: "\"\(prompt.printable(limit: 60))\" and \"\(response.printable(limit: 60))\""
                    + (isNamed ? " as named" : ", " + usual),
                got: columns.isEmpty ? "no names" : names)
        }
    }

    /// The columns that are read; all others are passed over.
    var columns: [String] {
        switch self {
        case .messages(let key): [key]
        case .exchange(let prompt, let response, let history):
            [prompt, response, "system"] + (history.map { [$0] } ?? [])
        case .alpaca: ["instruction", "input", "output", "history", "system"]
        case .text: ["text"]
        }
    }

    /// The column whose value is a list; others are texts.
    var list: String? {
        switch self {
        case .messages(let key): key
        case .exchange(_, _, let history): history
        case .alpaca: "history"
        case .text: nil
        }
    }

    /// The record of the columns' values.
    /// - Throws: where one is missing.
    func record(_ fields: RecordFields) throws(LineProblem) -> Record {
        switch self {
        case .messages(let key):
            guard let messages = fields.messages else { throw LineProblem(expected: "the key \"\(key)\"", got: "none") }
            return .conversation(messages)
        case .exchange(let prompt, let response, let history):
            return .exchange(
                .init(
                    system: fields.optional("system"), history: history == nil ? nil : fields.history ?? [],
                    prompt: try fields.text(prompt), response: try fields.text(response)))
        case .alpaca:
            let input = fields.optional("input").map { "\n" + $0 } ?? ""
            return .exchange(
                .init(
                    system: fields.optional("system"), history: fields.history,
                    prompt: try fields.text("instruction") + input, response: try fields.text("output")))
        case .text: return .text(try fields.text("text"))
        }
    }
}
