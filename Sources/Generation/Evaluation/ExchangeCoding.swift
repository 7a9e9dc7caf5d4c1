package import Runs
import Systems

/// How a model reads exchanges: a prompt as its chat template writes it, and behind it the answer and the token that ends it.
///
/// What counts as a target is the answer and its end, known by their positions.
package struct ExchangeCoding: Sendable {
    package let text: TextCoding
    /// Behind each answer; nil where the model has no such token.
    package let end: Int32?
    /// Behind which an answer ends.
    package let endTokens: Set<Int32>
    private let format: ChatFormat?
    private let firstToken: Int32

    /// - Parameters:
    ///   - template: a file, or the name of a built-in template; nil: the model's.
    ///   - isPlain: prompts as they are, without a template.
    /// - Throws: bad input: a model without tokenizer or template.
    package init(_ source: ModelSource, template: String?, isPlain: Bool) throws(RunFailure) {
        text = try source.textCoding(wantsIDs: false)
        firstToken = source.firstToken
        format = isPlain || source.family == nil ? nil : try ChatFormat(source, named: template)
        end = try Self.end(format, text, source.endTokens)
        endTokens = source.endTokens.union(end.map { [$0] } ?? [])
    }

    /// The first token behind an earlier answer that ends texts; else the model's own.
    private static func end(
        _ format: ChatFormat?, _ text: TextCoding, _ tokens: Set<Int32>
    ) throws(RunFailure) -> Int32? {
        guard let format else { return tokens.min() }
        let question = [(role: "user", text: "question")]
        let before = try format.ids(question, text)
        let all = try format.ids(question + [("assistant", "answer")] + question, text)
        let shared = zip(before, all).prefix { $0 == $1 }.count
        return all.dropFirst(shared).first(where: tokens.contains) ?? tokens.min()
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

    /// A line as `SampleFile` reads it.
    package func sampleLine(_ exchange: HeldOutExchange) throws(RunFailure) -> String {
        let (prompt, answer) = (try prompt(exchange), try answer(exchange))
        let labels = [Int32](repeating: -100, count: prompt.count) + answer
        return "{\"input_ids\":\(prompt + answer),\"labels\":\(labels)}\n"
    }
}
