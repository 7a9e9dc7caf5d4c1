internal import Tokenizers

/// A conversation by a template, in which all that the assistant says counts.
///
/// The template writes the conversation up to each answer. Where these texts do not begin alike (a template that changes
/// earlier turns), only the last answer counts.
struct ConversationTurns {
    private let template: ChatTemplate
    private let tokenizer: any Tokenizer
    private let end: Int32
    private let time: Int

    /// Behind an earlier answer the end is looked for among so many tokens.
    private static let nearEnd = 4

    init(_ template: ChatTemplate, _ tokenizer: any Tokenizer, end: Int32, time: Int) {
        (self.template, self.tokenizer, self.end, self.time) = (template, tokenizer, end, time)
    }

    /// All before the last answer, and that.
    mutating func words(
        of messages: [ChatMessage]
    ) throws(TokenizerError) -> (prompt: [UInt32], response: [UInt32]) {
        let response = try encode(messages[messages.count - 1].content) + [end]
        if let prompt = try countedPrompt(messages) { return (prompt, response.words(counted: true)) }
        let prompt = try encode(text(before: messages.count - 1, messages)).words(counted: false)
        return (prompt, response.words(counted: true))
    }

    private func countedPrompt(_ messages: [ChatMessage]) throws(TokenizerError) -> [UInt32]? {
        var words: [UInt32] = []
        var written = ""
        for place in messages.indices where messages[place].role == "assistant" {
            let text = try text(before: place, messages)
            guard text.utf8.starts(with: written.utf8) else { return nil }
            var between = try encode(String(decoding: text.utf8.dropFirst(written.utf8.count), as: UTF8.self))
                .words(counted: false)
            if !written.isEmpty {
                guard let mark = between.prefix(Self.nearEnd).firstIndex(of: UInt32(bitPattern: end)) else {
                    return nil
                }
                between[mark] |= ShardSet.countBit
            }
            words += between
            guard place < messages.count - 1 else { break }
            words += try encode(messages[place].content).words(counted: true)
            written = text + messages[place].content
        }
        return words
    }

    private func text(before place: Int, _ messages: [ChatMessage]) throws(TokenizerError) -> String {
        try template.text(of: Array(messages[..<place]), addsGenerationPrompt: true, time: time)
    }

    private func encode(_ text: String) throws(TokenizerError) -> [Int32] {
        try tokenizer.encode(text, addSpecial: false)
    }
}
