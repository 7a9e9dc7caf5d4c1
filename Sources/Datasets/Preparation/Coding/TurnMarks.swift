internal import Tokenizers

/// What a template puts around an answer: told from a conversation that it writes.
struct TurnMarks {
    /// How many tokens the beginning of an answer has.
    var opening = 0
    /// The token that ends an answer; nil where the template writes none behind it.
    var end: Int32?

    private static let question = ChatMessage(role: "user", content: "question")
    private static let answer = ChatMessage(role: "assistant", content: "an answer of nobody's")

    init(_ template: ChatTemplate, _ tokenizer: any Tokenizer, _ special: Set<Int32>, time: Int) {
        func text(_ messages: [ChatMessage], _ addsPrompt: Bool) -> String? {
            try? template.text(of: messages, addsGenerationPrompt: addsPrompt, time: time)
        }
        func ids(_ text: some StringProtocol) -> [Int32] {
            (try? tokenizer.encode(String(text), addSpecial: false)) ?? []
        }
        if let with = text([Self.question], true), let without = text([Self.question], false),
            with.utf8.starts(with: without.utf8)
        {
            opening = ids(String(decoding: with.utf8.dropFirst(without.utf8.count), as: UTF8.self)).count
        }
        if let whole = text([Self.question, Self.answer], false),
            let found = whole.ranges(of: Self.answer.content).last
        {
            end = ids(whole[found.upperBound...]).first { special.contains($0) }
        }
    }
}
