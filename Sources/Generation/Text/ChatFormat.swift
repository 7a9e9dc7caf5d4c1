import Datasets
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
    private let form: SampleCoder.Form
    /// For ChatGLM's pieces, which no template can say.
    private let tokenizer: (any Tokenizer)?

    /// - Parameter named: a template's file, or the name of one that is built in; nil: the model's.
    /// - Throws: bad input: a model without a template, or one that is not understood.
    package init(_ source: ModelSource, named: String? = nil) throws(RunFailure) {
        do {
            var loaded: (any Tokenizer)?
            let found = try ChatFiles(source).form(named: named) {
                loaded = try FamilyTokenizer.load(firstOf: source.familyPlaces)
                return loaded
            }
            guard let found else {
                let names = ChatTemplate.named.keys.sorted().joined(separator: ", ")
                throw RunFailure.badInput(
                    "\(source.path.printable()): the model has no chat template: --chat-template FILE gives one, or a "
                        + "name: \(names)")
            }
            (form, tokenizer) = (found.form, loaded)
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }

    /// The same way in which samples are coded; nil where that is none.
    init?(_ coder: SampleCoder) {
        if case .plain = coder.form { return nil }
        (form, tokenizer) = (coder.form, coder.tokenizer)
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
            case .chatGLM(let pieces):
                guard let tokenizer else { preconditionFailure("pieces without their tokenizer") }
                return try pieces.ids(of: messages, tokenizer)
            case .plain: text = messages.map(\.content).joined()
            }
        } catch {
            throw .badInput(error)
        }
        return try coding.encode(text, addSpecial: false)
    }
}
