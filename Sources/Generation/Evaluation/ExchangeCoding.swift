import Datasets
package import Runs
import Systems
import Tokenizers

/// How a model reads exchanges: what counts is what counts when it is trained on them, as `data prepare` writes them.
package struct ExchangeCoding: Sendable {
    package let text: TextCoding
    /// Behind each answer; nil where the model has no such token.
    package let end: Int32?
    /// Behind which an answer ends.
    package let endTokens: Set<Int32>
    /// nil for a model of bytes that knows no end.
    private let coder: SampleCoder?
    /// nil: prompts are written as they are.
    private let format: ChatFormat?
    private let firstToken: Int32

    /// - Parameters:
    ///   - template: a file, or the name of a built-in template; nil: the model's, none where it has none.
    ///   - isPlain: prompts as they are, without a template.
    /// - Throws: bad input: a model without tokenizer, or a template that is not understood.
    package init(_ source: ModelSource, template: String?, isPlain: Bool) throws(RunFailure) {
        firstToken = source.firstToken
        if source.family == nil {
            text = try source.textCoding(wantsIDs: false)
            let hasEnd = source.endTokens.contains(Int32(ShardManifest.Tokenizer.bytesEnd))
            coder = hasEnd ? try PreparationModel(bytes: nil).coder : nil
            format = nil
        } else {
            let coder = try PreparationModel(
                path: source.path, template: isPlain ? PreparationModel.plain : template
            ).coder
            text = .tokenizer(coder.tokenizer)
            format = ChatFormat(coder)
            self.coder = coder
        }
        end = coder?.end
        endTokens = source.endTokens.union(end.map { [$0] } ?? [])
    }

    /// All that stands before the answer.
    package func prompt(_ exchange: HeldOutExchange) throws(RunFailure) -> [Int32] {
        let ids: [Int32]
        if let format {
            ids = try format.ids(exchange.messages, text)
        } else {
            ids = try text.encode(exchange.messages.map(\.text).joined())
        }
        return ids.isEmpty ? [firstToken] : ids
    }

    /// The answer, and its end.
    package func answer(_ exchange: HeldOutExchange) throws(RunFailure) -> [Int32] {
        try text.encode(exchange.response, addSpecial: false) + (end.map { [$0] } ?? [])
    }

    /// The exchange's ids and labels, as it is trained on.
    package func sample(_ exchange: HeldOutExchange) throws(RunFailure) -> (ids: [Int32], labels: [Int32]) {
        guard let coder else {
            let (prompt, answer) = (try prompt(exchange), try answer(exchange))
            return (prompt + answer, prompt.map { _ in -100 } + answer)
        }
        let messages = exchange.messages.map { ChatMessage(role: $0.role, content: $0.text) }
        do { return try coder.sample(of: messages, response: exchange.response) } catch { throw .badInput(error) }
    }
}
