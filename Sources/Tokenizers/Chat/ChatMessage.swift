/// One turn of a conversation.
package struct ChatMessage: Hashable, Sendable {
    /// `system`, `user`, `assistant`, or another that the model's template knows.
    package var role: String
    package var content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}
