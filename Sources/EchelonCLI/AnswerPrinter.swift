import Echelon
import Foundation
import Glibc
import Systems

/// Shows answers as they come: each whole, in the order of their prompts.
final class AnswerPrinter {
    private let prompts: [String]
    private var answers: [Answer]
    private var order: AnswerOrder
    private let json: Bool
    /// On a terminal without what that would act on: a model can have learnt to write escape sequences.
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    /// One object of `--json`.
    private struct Line: Encodable {
        var prompt: String
        var ids: [Int32]
        var text: String
        var ended: String
    }

    /// - Parameters:
    ///   - ids: of the prompts.
    ///   - showsPrompts: whether each answer stands behind its prompt.
    init(
        _ prompts: [String], ids: [[Int32]], _ coding: TextCoding, stops: [String], endTokens: Set<Int32>,
        showsPrompts: Bool, json: Bool
    ) {
        self.prompts = prompts
        self.json = json
        answers = ids.map { Answer(coding, after: $0, stops: stops, endTokens: endTokens) }
        order = AnswerOrder(count: prompts.count)
        texts = prompts.map { showsPrompts && !json ? $0 : "" }
    }

    /// What was answered to a prompt.
    func text(of index: Int) -> String { answers[index].text }

    /// What stands before each answer.
    private let texts: [String]

    func begin() throws {
        for (index, text) in texts.enumerated() { try write(order.append(text, to: index)) }
    }

    /// - Returns: whether more is wanted.
    func show(_ id: Int32, of index: Int) throws -> Bool {
        let piece = answers[index].append(id)
        if !json { try write(order.append(piece, to: index)) }
        return !answers[index].isStopped
    }

    func finish(_ index: Int, _ outcome: GenerationOutcome) throws {
        let rest = answers[index].finish()
        guard json else { return try write(order.append(rest, to: index) + order.finish(index, ending: "\n")) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(
            prompt: prompts[index], ids: outcome.ids, text: answers[index].text, ended: outcome.ending.rawValue)
        let text = String(decoding: try encoder.encode(line), as: UTF8.self)
        try write(order.append(text, to: index) + order.finish(index, ending: "\n"))
    }

    private func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        try Console.write(isTerminal ? shown(text) : text, to: STDOUT_FILENO)
    }

    private func shown(_ text: String) -> String {
        func parts(_ text: Substring, _ separators: [Character]) -> String {
            guard let separator = separators.first else { return text.printable(limit: .max) }
            return text.split(separator: separator, omittingEmptySubsequences: false)
                .map { parts($0, Array(separators.dropFirst())) }.joined(separator: String(separator))
        }
        return parts(text[...], ["\n", "\t"])
    }
}
