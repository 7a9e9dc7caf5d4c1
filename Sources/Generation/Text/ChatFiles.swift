import Checkpoints
import Datasets
import Families
import Foundation
import Manifests
import Runs
import Systems
import Tokenizers

/// The files of a model that say how conversations are written.
package struct ChatFiles {
    private let gguf: GGUFFile?
    private let folder: String

    private static let longestFile = 64 << 20

    init(_ source: ModelSource) throws { try self.init(places: source.familyPlaces) }

    /// - Parameter places: a run's own folder and where its model came from, or the model's place alone. What a GGUF file
    ///   says of conversations is not in the run's folder.
    package init(places: [String]) throws {
        let path = places.first { $0.hasSuffix(".gguf") && File.exists($0) } ?? places.first(where: File.exists)
        try self.init(path: path ?? places.first ?? "")
    }

    /// - Parameter path: a folder, or a GGUF file.
    init(path: String) throws {
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
    package func template() throws -> (text: String, path: String)? {
        if let gguf { return try gguf.string("tokenizer.chat_template").map { ($0, gguf.path) } }
        let own = folder + "/chat_template.jinja"
        if File.exists(own) { return (try Self.text(own), own) }
        for name in ["chat_template.json", "tokenizer_config.json"] {
            guard let text = try Self.template(in: object(name)["chat_template"]) else { continue }
            return (text, "\(folder)/\(name)")
        }
        return nil
    }

    /// How the model reads conversations: by the template that the user names, or its own, or in ChatGLM's pieces; nil: it has
    /// no form of its own.
    /// - Parameters:
    ///   - named: a template's file, or the name of one that is built in.
    ///   - tokenizer: looked at where there is no template.
    func form(
        named: String?, _ tokenizer: () throws -> (any Tokenizer)?
    ) throws -> (form: SampleCoder.Form, template: ShardManifest.Template)? {
        let tokens = try specialTokens()
        if let named {
            let template =
                File.exists(named)
                ? try ChatTemplate(Self.text(named), path: named, specialTokens: tokens)
                : try ChatTemplate(named: named, specialTokens: tokens)
            return (.template(template), .init(name: named, text: template.text))
        }
        if let (text, path) = try template() {
            let template = try ChatTemplate(text, path: path, specialTokens: tokens)
            return (.template(template), .init(name: "model", text: text))
        }
        return try tokenizer().flatMap { ChatGLMPrompt($0) }.map { (.chatGLM($0), .init(name: "chatglm")) }
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

    /// The first `eos_token_id` of a configuration; nil: none says.
    func endToken() throws -> Int32? {
        guard gguf == nil else { return nil }
        for name in ["generation_config.json", "config.json"] {
            let value = try object(name)["eos_token_id"]
            let number = value as? NSNumber ?? (value as? [NSNumber])?.first
            if let id = number.flatMap({ Int32(exactly: $0) }), id >= 0 { return id }
        }
        return nil
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
