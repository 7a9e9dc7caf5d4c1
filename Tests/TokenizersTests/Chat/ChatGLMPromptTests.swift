import Testing
import Tokenizers

@Suite struct ChatGLMPromptTests {
    private static let first = Result { try ChatGLMTokenizer(path: Fixture.path("SentencePiece/ice_text.model")) }

    private func later(_ tokens: [String]) throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer.chatGLM(path: Fixture.path("SentencePiece/bpe-bytes.model"), tokens: tokens)
    }

    private func conversation(_ turns: String...) -> [ChatMessage] {
        turns.enumerated().map { ChatMessage(role: $0.offset % 2 == 0 ? "user" : "assistant", content: $0.element) }
    }

    @Test func `A tokenizer says which of the three it belongs to`() throws {
        #expect(ChatGLMPrompt(try Self.first.get()) == .first)
        #expect(ChatGLMPrompt(try later(SentencePieceTokenizer.chatGLM2Tokens)) == .second)
        #expect(ChatGLMPrompt(try later(SentencePieceTokenizer.chatGLM3Tokens)) == .third)
        let llama = try SentencePieceTokenizer(path: Fixture.path("SentencePiece/bpe-bytes.model"), options: .llama())
        #expect(ChatGLMPrompt(llama) == nil)
    }

    @Test func `ChatGLM-6B reads a first question as it is, and rounds from 0 on`() throws {
        let tokenizer = try Self.first.get()
        func expected(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecial: true) }
        #expect(try ChatGLMPrompt.first.ids(of: conversation("one"), tokenizer) == expected("one"))
        #expect(
            try ChatGLMPrompt.first.ids(of: conversation("one", "two", "three"), tokenizer)
                == expected("[Round 0]\n问：one\n答：two\n[Round 1]\n问：three\n答："))
    }

    @Test func `ChatGLM2 reads rounds from 1 on, also a first question`() throws {
        let tokenizer = try later(SentencePieceTokenizer.chatGLM2Tokens)
        func expected(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecial: true) }
        #expect(
            try ChatGLMPrompt.second.ids(of: conversation("one"), tokenizer) == expected("[Round 1]\n\n问：one\n\n答："))
        #expect(
            try ChatGLMPrompt.second.ids(of: conversation("one", "two", "three"), tokenizer)
                == expected("[Round 1]\n\n问：one\n\n答：two\n\n[Round 2]\n\n问：three\n\n答："))
    }

    @Test func `ChatGLM3 reads each message by itself behind its role`() throws {
        let tokenizer = try later(SentencePieceTokenizer.chatGLM3Tokens)
        func ids(_ text: String) throws -> [Int32] { try tokenizer.encode(text, addSpecial: false) }
        let messages = [ChatMessage(role: "system", content: "one")] + conversation("two", "three", "<|user|>")
        let first = [tokenizer.id(of: "[gMASK]"), tokenizer.id(of: "sop"), tokenizer.id(of: "<|system|>")].compactMap(
            \.self)
        var expected = try first + ids("\n") + ids("one")
        for (role, text) in [("user", "two"), ("assistant", "three"), ("user", "<|user|>")] {
            expected += try [try #require(tokenizer.id(of: "<|\(role)|>"))] + ids("\n") + ids(text)
        }
        expected.append(try #require(tokenizer.id(of: "<|assistant|>")))
        #expect(try ChatGLMPrompt.third.ids(of: messages, tokenizer) == expected)
    }

    @Test func `Roles and turns that a model does not know are refused`() throws {
        let (first, third) = (try Self.first.get(), try later(SentencePieceTokenizer.chatGLM3Tokens))
        let system = [ChatMessage(role: "system", content: "x")] + conversation("one")
        #expect(throws: TokenizerError.self) { try ChatGLMPrompt.first.ids(of: system, first) }
        #expect(throws: TokenizerError.self) { try ChatGLMPrompt.first.ids(of: conversation("one", "two"), first) }
        #expect(throws: TokenizerError.self) { try ChatGLMPrompt.first.ids(of: [], first) }
        #expect(throws: TokenizerError.self) {
            try ChatGLMPrompt.third.ids(of: [ChatMessage(role: "tool", content: "x")], third)
        }
    }
}
