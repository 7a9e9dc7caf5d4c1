import Checkpoints
import Families
import Foundation
import Manifests
package import Runs
import Systems
import Tokenizers

/// How a model was trained to read conversations: its own template, or one that the user names.
///
///     let chat = try ChatFormat(source)
///     let ids = try chat.ids([(role: "user", text: "Hi")], coding)
package struct ChatFormat: Sendable {
    private enum Form {
        case template(ChatTemplate)
        /// ChatGLM's, which no template can say.
        case pieces(ChatGLMPrompt, any Tokenizer)
    }

    private let form: Form

    /// - Parameter named: a template's file, or the name of one that is built in; nil: the model's.
    /// - Throws: bad input: a model without a template, or one that is not understood.
    package init(_ source: ModelSource, named: String? = nil) throws(RunFailure) {
        do {
            let files = try ChatFiles(source)
            let tokens = try files.specialTokens()
            if let named {
                form = .template(
                    File.exists(named)
                        ? try ChatTemplate(ChatFiles.text(named), path: named, specialTokens: tokens)
                        : try ChatTemplate(named: named, specialTokens: tokens))
            } else if let (text, path) = try files.template() {
                form = .template(try ChatTemplate(text, path: path, specialTokens: tokens))
            } else if let tokenizer = try FamilyTokenizer.load(firstOf: source.familyPlaces),
                let pieces = ChatGLMPrompt(tokenizer)
            {
                form = .pieces(pieces, tokenizer)
            } else {
                let names = ChatTemplate.named.keys.sorted().joined(separator: ", ")
                throw RunFailure.badInput(
                    "\(source.path.printable()): the model has no chat template: --chat-template FILE gives one, or a "
                        + "name: \(names)")
            }
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }

    /// A conversation's ids, up to where the model's answer begins.
    package func ids(
        _ messages: [(role: String, text: String)], _ coding: TextCoding
    ) throws(RunFailure) -> [Int32] {
        let messages = messages.map { ChatMessage(role: $0.role, content: $0.text) }
        let text: String
        do {
            switch form {
            case .template(let template): text = try template.text(of: messages, addsGenerationPrompt: true)
            case .pieces(let pieces, let tokenizer): return try pieces.ids(of: messages, tokenizer)
            }
        } catch {
            throw .badInput(error)
        }
        return try coding.encode(text, addSpecial: false)
    }
}

/// The files of a model that say how conversations are written.
private struct ChatFiles {
    private let gguf: GGUFFile?
    private let folder: String

    private static let longestFile = 64 << 20

    init(_ source: ModelSource) throws {
        let origin = source.manifest?.pretrained?.path ?? source.familyPath
        let path = source.familyPath.hasSuffix(".gguf") || !origin.hasSuffix(".gguf") ? source.familyPath : origin
        gguf = path.hasSuffix(".gguf") && File.exists(path) ? try GGUFFile(path: path) : nil
        folder = path
    }

    static func text(_ path: String) throws -> String {
        let bytes = try File.read(path, limit: longestFile)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RunFailure.badInput("\(path.printable()): expected UTF-8")
        }
        return text
    }

    /// The template and where it stands; nil where there is none.
    func template() throws -> (text: String, path: String)? {
        if let gguf { return try gguf.string("tokenizer.chat_template").map { ($0, gguf.path) } }
        let own = folder + "/chat_template.jinja"
        if File.exists(own) { return (try Self.text(own), own) }
        for name in ["chat_template.json", "tokenizer_config.json"] {
            guard let text = try Self.template(in: object(name)["chat_template"]) else { continue }
            return (text, "\(folder)/\(name)")
        }
        return nil
    }

    /// A text, or a list of named ones: then the one called `default`.
    private static func template(in value: Any?) -> String? {
        if let text = value as? String { return text }
        let named = (value as? [Any] ?? []).compactMap { $0 as? [String: Any] }
        return named.first { $0["name"] as? String == "default" }?["template"] as? String
    }

    /// `bos_token` and others, as texts.
    func specialTokens() throws -> [String: String] {
        var tokens: [String: String] = [:]
        if let gguf {
            let all = try gguf.strings("tokenizer.ggml.tokens") ?? []
            for (name, key) in [("bos_token", "bos_token_id"), ("eos_token", "eos_token_id")] {
                guard let id = try gguf.integer("tokenizer.ggml." + key), all.indices.contains(id) else { continue }
                tokens[name] = all[id]
            }
            return tokens
        }
        for (name, value) in try object("tokenizer_config.json") where name.hasSuffix("_token") {
            tokens[name] = value as? String ?? (value as? [String: Any])?["content"] as? String
        }
        return tokens
    }

    private func object(_ name: String) throws -> [String: Any] {
        let path = "\(folder)/\(name)"
        guard File.exists(path) else { return [:] }
        let data = Data(try File.read(path, limit: Self.longestFile))
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw RunFailure.badInput("\(path.printable()): expected a JSON object")
        }
        return object
    }
}
