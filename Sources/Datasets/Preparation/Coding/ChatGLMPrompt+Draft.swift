internal import Tokenizers

/// Samples as the ChatGLMs were trained on them.
extension ChatGLMPrompt {
    /// - Parameter asRounds: whether a first question stands in a round too, as where the file has a column for histories.
    func draft(
        _ messages: [ChatMessage], response: String, asRounds: Bool, end: Int32, _ tokenizer: any Tokenizer
    ) throws(TokenizerError) -> SampleCoder.Draft {
        let prompt = try ids(of: messages, asRounds: asRounds, tokenizer)
        let answer = try tokenizer.encode(response, addSpecial: false) + [end]
        switch self {
        case .first:
            // `[gMASK]` and `<sop>` stand behind the prompt and stay when it is cut; `<sop>` counts.
            let marks = prompt.suffix(2)
            return SampleCoder.Draft(
                prompt: Array(prompt.dropLast(2)).words(counted: false),
                response: Array(marks.prefix(1)).words(counted: false)
                    + (Array(marks.suffix(1)) + answer).words(counted: true))
        case .second:
            return SampleCoder.Draft(
                prompt: prompt.words(counted: false), response: answer.words(counted: true))
        case .third:
            // The line break behind `<|assistant|>` counts, as everything behind it.
            let lineBreak = try tokenizer.encode("\n", addSpecial: false)
            return SampleCoder.Draft(
                prompt: prompt.words(counted: false), response: (lineBreak + answer).words(counted: true), opening: 1)
        }
    }

    /// A conversation; with ChatGLM3 all that the assistant says counts, and the role that follows it.
    func draft(
        _ messages: [ChatMessage], end: Int32, _ tokenizer: any Tokenizer
    ) throws(TokenizerError) -> SampleCoder.Draft {
        let (before, last) = (Array(messages.dropLast()), messages[messages.count - 1])
        var draft = try draft(before, response: last.content, asRounds: before.count > 1, end: end, tokenizer)
        guard self == .third else { return draft }
        var at = 2
        let lineBreak = try tokenizer.encode("\n", addSpecial: false).count
        for (place, message) in before.enumerated() {
            let length = 1 + lineBreak + (try tokenizer.encode(message.content, addSpecial: false).count)
            let counted = message.role == "assistant" ? at + 1..<at + length : at..<at
            for token in counted { draft.prompt[token] |= ShardSet.countBit }
            at += length
            // The next role's token, or the last answer's.
            if message.role == "assistant", place < before.count { draft.prompt[at] |= ShardSet.countBit }
        }
        return draft
    }
}
