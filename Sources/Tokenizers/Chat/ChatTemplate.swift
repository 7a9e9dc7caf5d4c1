internal import Glibc

/// A model's chat template: Jinja text that writes a conversation as the model was trained to read it.
///
///     let template = try ChatTemplate(text, path: "chat_template.jinja", specialTokens: ["bos_token": "<s>"])
///     let prompt = try template.text(of: [ChatMessage(role: "user", content: "Hi")], addsGenerationPrompt: true)
///     let ids = try tokenizer.encode(prompt, addSpecial: false)   // the template wrote the special tokens
///
/// It means what it means to Hugging Face's `apply_chat_template`, for the part of Jinja that chat templates use. What is
/// beyond that part is an error that names it; time and memory are bounded.
package struct ChatTemplate: Sendable {
    /// Where its text comes from, as errors name it.
    package let path: String
    /// The Jinja text.
    package let text: String
    private let specialTokens: [String: String]
    private let nodes: Nodes
    /// What rendering may use before it is an error.
    package var limits = JinjaLimits()

    /// A template that was read never changes.
    private struct Nodes: @unchecked Sendable { var all: [JinjaNode] }

    /// A value that a template asks for by its name, as `enable_thinking`.
    package enum Variable: Hashable, Sendable {
        case bool(Bool)
        case string(String)
    }

    /// - Parameters:
    ///   - path: as errors name it.
    ///   - specialTokens: `bos_token`, `eos_token` and others of tokenizer_config.json that are texts there.
    /// - Throws: for a text that is no template, and for one with tags or operators that are not built in.
    package init(_ text: String, path: String, specialTokens: [String: String] = [:]) throws(TokenizerError) {
        self.path = path
        self.text = text
        self.specialTokens = specialTokens
        do throws(JinjaProblem) {
            var lexer = try JinjaLexer(text)
            var parser = JinjaParser(try lexer.run())
            nodes = Nodes(all: try parser.run())
        } catch {
            throw error.error(in: path, limits)
        }
    }

    /// The conversation as one text.
    /// - Parameters:
    ///   - addsGenerationPrompt: whether the beginning of an answer follows.
    ///   - variables: what the template may ask for besides.
    ///   - time: for templates that write the date: seconds since 1970, now where nil.
    /// - Throws: also for messages that the template refuses, in its own words.
    package func text(
        of messages: [ChatMessage], addsGenerationPrompt: Bool, variables: [String: Variable] = [:], time: Int? = nil
    ) throws(TokenizerError) -> String {
        let root = JinjaScope(parent: nil)
        for name in JinjaRun.functions { root.values[name] = .function(name) }
        for (name, token) in specialTokens { root.values[name] = JinjaValue(token) }
        for name in ["tools", "documents"] { root.values[name] = JinjaValue.none }
        for (name, variable) in variables {
            root.values[name] =
                switch variable {
                case .bool(let value): .bool(value)
                case .string(let text): JinjaValue(text)
                }
        }
        root.values["add_generation_prompt"] = .bool(addsGenerationPrompt)
        root.values["messages"] = .list(
            JinjaList(
                messages.map {
                    .dictionary(
                        JinjaDictionary([("role", JinjaValue($0.role)), ("content", JinjaValue($0.content))]))
                }))
        let run = JinjaRun(time: time ?? Glibc.time(nil), limits: limits)
        do throws(JinjaProblem) {
            _ = try run.run(nodes.all, root)
        } catch {
            throw error.error(in: path, limits)
        }
        return String(decoding: run.output, as: UTF8.self)
    }
}
