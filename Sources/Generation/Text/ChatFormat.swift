import Families
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
