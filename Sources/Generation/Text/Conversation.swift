import Checkpoints
import Families
import Foundation
import Manifests
package import Runs
import Systems
import Tokenizers

/// A message to a model as its chat template writes it: ids that end where the reply begins.
package struct Conversation {
    private let template: ChatTemplate
    private let tokenizer: any Tokenizer
    private let system: String?

    /// - Parameters:
    ///   - template: a file with Jinja text; nil: the model's own.
    ///   - system: what the model is told first.
    /// - Throws: bad input: a model without a template, or with one that needs what is not built in.
    package init(_ source: ModelSource, template: String?, system: String?) throws(RunFailure) {
        tokenizer = try source.tokenizer()
        self.system = system
        do {
            if let template {
                self.template = try ChatTemplate(
                    File.text(template, limit: Self.longest), path: template,
                    specialTokens: Self.specialTokens(source.familyPath))
            } else {
                self.template = try Self.own(source)
            }
        } catch {
            throw error as? RunFailure ?? .badInput(error)
        }
    }

    package func ids(of message: String) throws(RunFailure) -> [Int32] {
        let messages = (system.map { [ChatMessage(role: "system", content: $0)] } ?? [])
            + [ChatMessage(role: "user", content: message)]
        do {
            return try tokenizer.encode(
                try template.text(of: messages, addsGenerationPrompt: true), addSpecial: false)
        } catch {
            throw .badInput(error)
        }
    }

    private static let longest = 1 << 20

    /// chat_template.jinja, else what tokenizer_config.json or a GGUF file holds.
    private static func own(_ source: ModelSource) throws -> ChatTemplate {
        let path = source.familyPath
        if path.hasSuffix(".gguf") || source.manifest?.pretrained?.path.hasSuffix(".gguf") == true {
            let file = try GGUFFile(path: path.hasSuffix(".gguf") ? path : source.manifest?.pretrained?.path ?? path)
            if let text = try file.string("tokenizer.chat_template") {
                return try ChatTemplate(text, path: file.path, specialTokens: specialTokens(file))
            }
        }
        let jinja = path + "/chat_template.jinja"
        if File.exists(jinja) {
            return try ChatTemplate(
                File.text(jinja, limit: longest), path: jinja, specialTokens: specialTokens(path))
        }
        if let text = try configuration(path)?.chatTemplate?.text {
            return try ChatTemplate(
                text, path: path + "/tokenizer_config.json", specialTokens: specialTokens(path))
        }
        throw RunFailure.badInput(
            "\(source.path.printable()): the model has no chat template: give one with --chat-template FILE (Jinja text)")
    }

    private static func specialTokens(_ folder: String) throws -> [String: String] {
        try configuration(folder)?.specialTokens ?? [:]
    }

    private static func specialTokens(_ file: GGUFFile) throws -> [String: String] {
        let tokens = try file.strings("tokenizer.ggml.tokens") ?? []
        var result: [String: String] = [:]
        for (name, key) in [("bos_token", "bos_token_id"), ("eos_token", "eos_token_id")] {
            guard let id = try file.integer("tokenizer.ggml." + key), tokens.indices.contains(id) else { continue }
            result[name] = tokens[id]
        }
        return result
    }

    /// tokenizer_config.json; nil where there is none.
    private static func configuration(_ folder: String) throws -> TokenizerConfiguration? {
        let path = folder + "/tokenizer_config.json"
        guard File.exists(path) else { return nil }
        do {
            return try JSONDecoder().decode(
                TokenizerConfiguration.self, from: Data(File.read(path, limit: 16 << 20)))
        } catch let error as DecodingError {
            throw RunFailure.badInput("\(path.printable()): expected a tokenizer's configuration in JSON, got \(error)")
        }
    }
}

/// What a conversation needs of tokenizer_config.json.
private struct TokenizerConfiguration: Decodable {
    var chatTemplate: Template?
    var specialTokens: [String: String] = [:]

    /// One text, or several with names.
    enum Template: Decodable {
        case one(String)
        case several([Named])

        struct Named: Decodable {
            var name: String
            var template: String
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .one(text)
            } else {
                self = .several(try container.decode([Named].self))
            }
        }

        var text: String? {
            switch self {
            case .one(let text): text
            case .several(let list): (list.first { $0.name == "default" } ?? list.first)?.template
            }
        }
    }

    private struct Token: Decodable { var content: String }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        chatTemplate = try values.decodeIfPresent(Template.self, forKey: Key(stringValue: "chat_template"))
        for key in values.allKeys where key.stringValue.hasSuffix("_token") {
            if let text = try? values.decode(String.self, forKey: key) {
                specialTokens[key.stringValue] = text
            } else if let token = try? values.decode(Token.self, forKey: key) {
                specialTokens[key.stringValue] = token.content
            }
        }
    }
}
