/// How the three ChatGLMs read a conversation. They have no templates: ChatGLM3 encodes each message by itself, which no
/// text of the whole can say.
///
///     if let prompt = ChatGLMPrompt(tokenizer) { ids = try prompt.ids(of: messages, tokenizer) }
package enum ChatGLMPrompt: Hashable, Sendable {
    /// ChatGLM-6B: a first question as it is, later ones with all rounds before them, numbered from 0.
    case first
    /// ChatGLM2-6B: always rounds, numbered from 1, with empty lines between.
    case second
    /// ChatGLM3-6B: a token for each role.
    case third

    /// Which of them a tokenizer belongs to; nil for any other.
    package init?(_ tokenizer: any Tokenizer) {
        func has(_ token: String) -> Bool { tokenizer.id(of: token) != nil }
        guard has("[gMASK]") else { return nil }
        if has("sop") {
            self = has("<|assistant|>") ? .third : .second
        } else if has("<sop>"), has("<|blank_2|>") {
            self = .first
        } else {
            return nil
        }
    }

    /// The ids of a conversation, up to where the model's answer begins.
    /// - Parameter asRounds: whether ChatGLM-6B's first question stands in a round too, as those behind it do.
    /// - Throws: for roles that the model does not know, and for turns in another order than its own.
    package func ids(
        of messages: [ChatMessage], asRounds: Bool = false, _ tokenizer: any Tokenizer
    ) throws(TokenizerError) -> [Int32] {
        switch self {
        case .first:
            let marks = [try Self.id("[gMASK]", tokenizer), try Self.id("<sop>", tokenizer)]
            let questions = try Self.rounds(messages)
            let isPlain = questions.count == 1 && !asRounds
            let text = isPlain ? questions[0].question : Self.text(questions, from: 0, between: "\n")
            return try tokenizer.encode(text, addSpecial: false) + marks
        case .second:
            let marks = [try Self.id("[gMASK]", tokenizer), try Self.id("sop", tokenizer)]
            let text = Self.text(try Self.rounds(messages), from: 1, between: "\n\n")
            return marks + (try tokenizer.encode(text, addSpecial: false))
        case .third: return try Self.roles(messages, tokenizer)
        }
    }

    private static func roles(_ messages: [ChatMessage], _ tokenizer: any Tokenizer) throws(TokenizerError) -> [Int32] {
        var ids = [try id("[gMASK]", tokenizer), try id("sop", tokenizer)]
        let lineBreak = try tokenizer.encode("\n", addSpecial: false)
        for message in messages {
            guard ["system", "user", "assistant", "observation"].contains(message.role) else {
                throw .text(
                    expected: "messages of system, user, assistant or observation", got: shownToken(message.role))
            }
            ids.append(try id("<|\(message.role)|>", tokenizer))
            ids += lineBreak
            ids += try tokenizer.encode(message.content, addSpecial: false)
        }
        return ids + [try id("<|assistant|>", tokenizer)]
    }

    /// Questions with their answers; the last has none yet.
    private static func rounds(
        _ messages: [ChatMessage]
    ) throws(TokenizerError) -> [(question: String, answer: String?)] {
        var rounds: [(question: String, answer: String?)] = []
        for (place, message) in messages.enumerated() {
            let role = place % 2 == 0 ? "user" : "assistant"
            guard message.role == role else {
                throw .text(
                    expected: "messages of user and assistant in turns: ChatGLM-6B and ChatGLM2 know no others",
                    got: "\(shownToken(message.role)) as message \(place + 1)")
            }
            if role == "user" {
                rounds.append((message.content, nil))
            } else {
                rounds[place / 2].answer = message.content
            }
        }
        guard messages.count % 2 == 1 else {
            throw .text(expected: "a user's message at the end", got: messages.isEmpty ? "none" : "an assistant's")
        }
        return rounds
    }

    private static func text(
        _ rounds: [(question: String, answer: String?)], from first: Int, between: String
    ) -> String {
        var text = ""
        for (number, round) in rounds.enumerated() {
            text += "[Round \(number + first)]\(between)问：\(round.question)\(between)答："
            if let answer = round.answer { text += answer + between }
        }
        return text
    }

    private static func id(_ token: String, _ tokenizer: any Tokenizer) throws(TokenizerError) -> Int32 {
        guard let id = tokenizer.id(of: token) else {
            throw .text(expected: "a tokenizer with \(shownToken(token))", got: "one without")
        }
        return id
    }
}
