import Foundation
package import Runs
import Systems

/// How many answers a model gives as they were wanted, word for word, taking its likeliest token each time.
package struct ExactMatch: Sendable {
    /// An answer that was not what was wanted.
    package struct Wrong: Sendable {
        /// Of the file, counted from 1.
        package var line: Int
        package var prompt: String
        package var wanted: String
        package var got: String
    }

    package private(set) var right = 0
    package private(set) var count = 0
    /// The first of them, in the order of the file.
    package private(set) var wrong: [Wrong] = []
    package private(set) var seconds = 0.0

    package var share: Double { count == 0 ? 0 : Double(right) / Double(count) }

    /// Beyond the wanted answer so many tokens are written at most: a longer one is wrong already.
    private static let spare = 8

    /// The requests of exchanges, for `GenerationRun`.
    package static func requests(
        _ exchanges: [HeldOutExchange], _ coding: ExchangeCoding
    ) throws(RunFailure) -> [GenerationRequest] {
        var requests: [GenerationRequest] = []
        for exchange in exchanges {
            // Without a token that ends it, an answer is as long as the wanted one.
            let count = try coding.answer(exchange).count + (coding.end == nil ? 0 : spare)
            requests.append(
                GenerationRequest(
                    prompt: try coding.prompt(exchange), count: max(count, 1), sampling: .init(temperature: 0),
                    endTokens: coding.endTokens))
        }
        return requests
    }

    /// - Parameters:
    ///   - run: with room for each request.
    ///   - shown: how many wrong answers are kept.
    ///   - progress: called with how many answers are there.
    package init(
        _ exchanges: [HeldOutExchange], _ requests: [GenerationRequest], _ coding: ExchangeCoding, _ run: GenerationRun,
        shown: Int, progress: @escaping (Int) throws -> Void = { _ in }
    ) throws {
        var answers = requests.map { Answer(coding.text, after: $0.prompt, stops: [], endTokens: coding.endTokens) }
        let start = MonotonicClock.now
        var done = 0
        _ = try run.generate(requests) { index, id in
            _ = answers[index].append(id)
            return true
        } finished: { index, _ in
            _ = answers[index].finish()
            done += 1
            try progress(done)
        }
        seconds = Double(MonotonicClock.now - start) / 1e9
        for (exchange, answer) in zip(exchanges, answers) {
            add(exchange, got: answer.text, shown: shown)
        }
    }

    private mutating func add(_ exchange: HeldOutExchange, got: String, shown: Int) {
        let wanted = exchange.response.trimmingCharacters(in: .whitespacesAndNewlines)
        let got = got.trimmingCharacters(in: .whitespacesAndNewlines)
        count += 1
        if got == wanted {
            right += 1
        } else if wrong.count < shown {
            wrong.append(Wrong(line: exchange.line, prompt: exchange.prompt, wanted: wanted, got: got))
        }
    }
}
