import Testing
import Tokenizers

/// Templates and conversations, with the text that Jinja2 makes of them.
struct TemplateCases: Decodable, Sendable {
    struct Template: Decodable, Sendable {
        var template: String
        var cases: [Case]
    }
    struct Case: Decodable, Sendable {
        var messages: [Message]
        var prompt: Bool
        var thinking: Bool?
        /// nil where the template refuses.
        var text: String?

        var turns: [ChatMessage] { messages.map { ChatMessage(role: $0.role, content: $0.content) } }
    }
    struct Message: Decodable, Sendable {
        var role: String
        var content: String
    }
    var tokens: [String: String]
    var time: Int
    var templates: [String: Template]

    static let all = Result { try Fixture.json("Chat/templates.json", as: TemplateCases.self) }
}

@Suite struct TemplateCasesTests {
    static let names = [
        "chatml", "chatml-default", "qwen2", "qwen3", "llama-2", "llama-3", "llama-3.1", "mistral-v1", "mistral-v3",
        "gemma",
        "glm-4", "deepseek", "macros",
    ]

    @Test(arguments: names) func `Conversations are the text that Jinja2 makes of them`(_ name: String) throws {
        let all = try TemplateCases.all.get()
        let fixture = try #require(all.templates[name])
        let template = try ChatTemplate(fixture.template, path: name, specialTokens: all.tokens)
        for example in fixture.cases {
            let text = try? template.text(
                of: example.turns, addsGenerationPrompt: example.prompt,
                variables: example.thinking.map { ["enable_thinking": .bool($0)] } ?? [:], time: all.time)
            #expect(text.map { Array($0.utf8) } == example.text.map { Array($0.utf8) }, "\(example.messages)")
        }
    }

    @Test(arguments: ["chatml", "llama-2", "llama-3", "mistral-v1", "mistral-v3", "gemma", "glm-4"])
    func `Named templates write what the families' own do`(_ name: String) throws {
        let all = try TemplateCases.all.get()
        let fixture = try #require(all.templates[name])
        let template = try ChatTemplate(named: name, specialTokens: all.tokens)
        var count = 0
        for example in fixture.cases {
            // GLM-4's own leaves out empty messages; roles in turns are a user's and an assistant's.
            guard let expected = example.text,
                example.messages.allSatisfy({ !$0.content.isEmpty && $0.role != "tool" }),
                example.messages.contains(where: { $0.role == "user" })
            else { continue }
            count += 1
            #expect(
                try template.text(of: example.turns, addsGenerationPrompt: example.prompt) == expected,
                "\(example.messages)")
        }
        #expect(count > 10)
    }

    @Test func `A template refuses messages in its own words`() throws {
        let template = try ChatTemplate(named: "llama-2", specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])
        let error = #expect(throws: TokenizerError.self) {
            try template.text(of: [ChatMessage(role: "assistant", content: "x")], addsGenerationPrompt: true)
        }
        #expect(
            "\(try #require(error))".contains("expected user and assistant in turns behind at most one system message"))
    }

    @Test func `A name that is no template lists those that are`() throws {
        let error = #expect(throws: TokenizerError.self) { try ChatTemplate(named: "alpaca") }
        #expect("\(try #require(error))".contains("chatml, gemma, glm-4, llama-2"))
    }
}
