internal import Systems
package import Tokenizers

/// How records become tokens: by a model's tokenizer, and the way in which it was trained to read conversations.
///
///     let coder = SampleCoder(tokenizer, .template(template), end: tokenizer.id(of: "<|im_end|>"))
///
/// What counts as a target is known by its position, never by its id.
package struct SampleCoder: Sendable {
    package enum Form: Sendable {
        /// Prompt, response, end.
        case plain
        /// The template writes all up to the response, which the end follows.
        case template(ChatTemplate)
        case chatGLM(ChatGLMPrompt)
    }

    package let tokenizer: any Tokenizer
    package let form: Form
    /// Behind each response and each text.
    package let end: Int32
    /// Before each text, and each prompt without a template.
    private let start: [Int32]
    private let special: Set<Int32>
    /// For templates that write the date.
    private let time: Int
    /// How many tokens of a prompt's end must stay: what begins the answer.
    private let opening: Int

    /// - Parameters:
    ///   - end: what stands behind a response, unless the template says another.
    ///   - time: for templates that write the date: seconds since 1970.
    package init(_ tokenizer: any Tokenizer, _ form: Form, end: Int32, time: Int = 0) throws(TokenizerError) {
        (self.tokenizer, self.form, self.time) = (tokenizer, form, time)
        special = tokenizer.specialIds
        let probe = try tokenizer.encode("a", addSpecial: false)
        let whole = try tokenizer.encode("a", addSpecial: true)
        start =
            (0...max(0, whole.count - probe.count)).first { whole[$0...].starts(with: probe) }
            .map { Array(whole[..<$0]) } ?? []
        switch form {
        case .plain, .chatGLM:
            opening = 0
            self.end = end
        case .template(let template):
            let turns = TurnMarks(template, tokenizer, special, time: time)
            opening = turns.opening
            self.end = turns.end ?? end
        }
    }

    /// The fewest tokens that a sample may be cut to.
    var fewest: Int { opening + Self.mostHead + 4 }

    /// Tokens at a prompt's beginning that a cut leaves: at most so many special ones.
    private static let mostHead = 4

    /// Appends the samples of a record: one; of a text that is too long, several.
    func add(_ record: Record, longest: Int?, to buffer: inout SampleBuffer) throws(LineProblem) {
        do throws(TokenizerError) {
            switch record {
            case .text(let text):
                try addWhole(start + (try tokenizer.encode(text, addSpecial: false)) + [end], longest, &buffer)
            case .tokens(let ids): try addWhole(ids, longest, &buffer)
            case .exchange(let exchange): addCut(try draft(exchange), longest, &buffer)
            case .conversation(let messages): addCut(try draft(messages), longest, &buffer)
            }
        } catch {
            if case .text(let expected, let got) = error { throw LineProblem(expected: expected, got: got) }
            throw LineProblem(expected: "a conversation that the model's template takes", got: "\(error)")
        }
    }

    /// An exchange's ids, uncut, and their labels: −100 where a token does not count.
    /// - Parameter messages: all before the response.
    package func sample(
        of messages: [ChatMessage], response: String
    ) throws(TokenizerError) -> (ids: [Int32], labels: [Int32]) {
        let draft = try draft(messages, response: response, asRounds: messages.count > 1)
        let words = draft.prompt + draft.response
        let ids = words.map { Int32(bitPattern: $0 & ShardSet.idMask) }
        return (ids, zip(words, ids).map { $0 & ShardSet.countBit == 0 ? SampleLine.ignored : $1 })
    }

    // MARK: Drafts

    /// A sample before it is cut: the response is what is kept.
    struct Draft {
        var prompt: [UInt32] = []
        var response: [UInt32] = []
        /// Of the prompt's end, as many stay.
        var opening = 0
    }

    private func draft(_ exchange: Record.Exchange) throws(TokenizerError) -> Draft {
        try draft(exchange.messages, response: exchange.response, asRounds: exchange.history != nil)
    }

    /// - Parameter asRounds: with ChatGLM, whether a first question stands in a round too.
    private func draft(
        _ messages: [ChatMessage], response: String, asRounds: Bool
    ) throws(TokenizerError) -> Draft {
        let answer = try tokenizer.encode(response, addSpecial: false) + [end]
        switch form {
        case .plain:
            let prompt = messages.map(\.content).joined()
            let ids = try start + tokenizer.encode(prompt, addSpecial: false)
            return Draft(prompt: ids.words(counted: false), response: answer.words(counted: true))
        case .template(let template):
            let text = try template.text(of: messages, addsGenerationPrompt: true, time: time)
            return Draft(
                prompt: try tokenizer.encode(text, addSpecial: false).words(counted: false),
                response: answer.words(counted: true), opening: opening)
        case .chatGLM(let format):
            return try format.draft(messages, response: response, asRounds: asRounds, end: end, tokenizer)
        }
    }

    private func draft(_ messages: [ChatMessage]) throws(TokenizerError) -> Draft {
        guard let last = messages.last, last.role == "assistant", messages.count > 1 else {
            throw .text(
                expected: "an assistant's message at the end",
                got: messages.count < 2
                    ? "\(messages.count) messages" : "one of \"\(messages.last?.role.printable(limit: 60) ?? "")\"")
        }
        switch form {
        case .plain:
            return try draft(Array(messages.dropLast()), response: last.content, asRounds: false)
        case .template(let template):
            var turns = ConversationTurns(template, tokenizer, end: end, time: time)
            let (prompt, response) = try turns.words(of: messages)
            return Draft(prompt: prompt, response: response, opening: opening)
        case .chatGLM(let format): return try format.draft(messages, end: end, tokenizer)
        }
    }

    // MARK: Lengths

    /// Cuts the prompt behind its leading special tokens; the response at its end, where it alone is too long.
    private func addCut(_ draft: Draft, _ longest: Int?, _ buffer: inout SampleBuffer) {
        let whole = draft.prompt.count + draft.response.count
        guard let longest, whole > longest else { return buffer.add(draft.prompt + draft.response, isCut: false) }
        let head = draft.prompt.prefix(Self.mostHead).prefix {
            special.contains(Int32(bitPattern: $0 & ShardSet.idMask))
        }
        let tail = draft.prompt.dropFirst(head.count)
        let kept = min(draft.response.count, longest - head.count - min(draft.opening, tail.count))
        let prompt = head + tail.suffix(longest - head.count - kept)
        buffer.add(prompt + draft.response.prefix(kept), isCut: true)
    }

    /// Texts are not cut but cut up: the last token of a piece is the first of the next, so that each is predicted once.
    private func addWhole(_ ids: [Int32], _ longest: Int?, _ buffer: inout SampleBuffer) throws(TokenizerError) {
        guard ids.count > 1 else {
            throw .text(expected: "a text of two tokens at least, its end included", got: "\(ids.count)")
        }
        let longest = longest ?? ids.count
        for start in stride(from: 0, to: ids.count - 1, by: max(longest - 1, 1)) {
            buffer.add(Array(ids[start..<min(start + longest, ids.count)]).words(counted: true), isCut: false)
        }
    }
}
