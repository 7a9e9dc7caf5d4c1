import Datasets
package import Runs
import Systems
import Tokenizers

/// A question and the answer that a model should give to it.
package struct HeldOutExchange: Sendable {
    /// Where it stands in its file, counted from 1.
    package var line: Int
    /// All before the answer; the last is the question.
    package var messages: [(role: String, text: String)]
    package var response: String

    package init(line: Int, messages: [(role: String, text: String)], response: String) {
        (self.line, self.messages, self.response) = (line, messages, response)
    }

    /// The question alone.
    package var prompt: String { messages.last?.text ?? "" }
}

/// What there is to evaluate on.
package enum HeldOutFile: Sendable {
    /// A file with an object of ids a line, which `SampleFile` reads.
    case samples
    /// A folder that `echelon data prepare` wrote.
    case shards
    /// Texts, in any form that `echelon data prepare` reads.
    case exchanges([HeldOutExchange])

    /// - Parameter limit: the most exchanges that are read; nil: all.
    /// - Throws: bad input, with file and line.
    package init(path: String, limit: Int? = nil) throws(RunFailure) {
        guard !File.isFolder(path) else {
            guard File.exists("\(path)/\(ShardManifest.fileName)") else {
                throw .badInput(
                    "--data \(path.printable()): expected a file, or a folder that `echelon data prepare` wrote, got "
                        + "another folder")
            }
            self = .shards
            return
        }
        do throws(DatasetError) {
            guard try !FileRecords.holdsIDs(path) else {
                self = .samples
                return
            }
            var records = try FileRecords(path: path)
            var exchanges: [HeldOutExchange] = []
            while exchanges.count < limit ?? .max, let (line, record) = try records.next() {
                exchanges.append(try Self.exchange(record, line, path))
            }
            self = .exchanges(exchanges)
        } catch {
            throw .badInput(error)
        }
    }

    private static func exchange(
        _ record: Record, _ line: Int, _ path: String
    ) throws(DatasetError) -> HeldOutExchange {
        var messages: [ChatMessage]
        let response: String
        switch record {
        case .exchange(let exchange): (messages, response) = (exchange.messages, exchange.response)
        case .conversation(let turns):
            messages = turns
            guard let last = messages.popLast(), last.role == "assistant", !messages.isEmpty else {
                throw .line(
                    path: path, line: line, column: nil, expected: "a message of the assistant behind others",
                    got: turns.last.map { "one of \"\($0.role.printable(limit: 60))\" at the end" } ?? "none")
            }
            response = last.content
        case .text, .tokens:
            throw .line(
                path: path, line: line, column: nil, expected: "prompts and responses, or conversations",
                got: "a text without an answer")
        }
        return HeldOutExchange(line: line, messages: messages.map { ($0.role, $0.content) }, response: response)
    }
}
