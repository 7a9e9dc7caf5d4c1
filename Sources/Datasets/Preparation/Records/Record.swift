package import Tokenizers

/// What one record of a file says, before it becomes tokens.
package enum Record: Hashable, Sendable {
    /// A prompt and its response, which alone counts.
    case exchange(Exchange)
    /// Turns of a conversation: what the assistant says counts.
    case conversation([ChatMessage])
    /// A text: all of it counts.
    case text(String)
    /// Tokens of a text.
    case tokens([Int32])

    package struct Exchange: Hashable, Sendable {
        package var system: String?
        /// Earlier prompts and responses; nil where the file has no such column.
        package var history: [Round]?
        package var prompt: String
        package var response: String

        package init(system: String? = nil, history: [Round]? = nil, prompt: String, response: String) {
            (self.system, self.history, self.prompt, self.response) = (system, history, prompt, response)
        }

        /// All but the response, as turns.
        package var messages: [ChatMessage] {
            let earlier = (history ?? []).flatMap {
                [ChatMessage(role: "user", content: $0.prompt), ChatMessage(role: "assistant", content: $0.response)]
            }
            return (system.map { [ChatMessage(role: "system", content: $0)] } ?? []) + earlier
                + [ChatMessage(role: "user", content: prompt)]
        }
    }

    package struct Round: Hashable, Sendable {
        package var prompt: String
        package var response: String

        package init(prompt: String, response: String) { (self.prompt, self.response) = (prompt, response) }
    }
}
