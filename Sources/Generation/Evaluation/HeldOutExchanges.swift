import Foundation
package import Runs
import Systems

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

/// What a file to evaluate on holds.
package enum HeldOutFile: Sendable {
    /// Lines of ids, which `SampleFile` reads.
    case samples
    /// Lines of texts: `{"prompt": …, "response": …}`, perhaps with `system` and `history`, or `{"messages": […]}`.
    case exchanges([HeldOutExchange])

    private static let longestFile = 1 << 30

    /// - Parameter limit: the most exchanges that are read; nil: all.
    /// - Throws: bad input, with file and line.
    package init(path: String, limit: Int? = nil) throws(RunFailure) {
        guard !File.isFolder(path) else {
            throw .badInput("--data \(path.printable()): expected a file with a JSON object a line, got a folder")
        }
        let bytes: Data
        do { bytes = Data(try File.read(path, limit: Self.longestFile)) } catch {
            throw .badInput("--data \(error)")
        }
        var exchanges: [HeldOutExchange] = []
        for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            guard exchanges.count < limit ?? .max else { break }
            guard !line.allSatisfy({ $0 == 32 || $0 == 13 || $0 == 9 }) else { continue }
            let place = "\(path.printable()):\(index + 1)"
            guard let object = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any] else {
                throw .badInput("\(place): expected a JSON object")
            }
            if object["input_ids"] != nil {
                self = .samples
                return
            }
            exchanges.append(try Self.exchange(object, index + 1, place))
        }
        guard !exchanges.isEmpty else {
            throw .badInput("\(path.printable()): expected a JSON object a line, got no line")
        }
        self = .exchanges(exchanges)
    }

    private static func exchange(
        _ object: [String: Any], _ line: Int, _ place: String
    ) throws(RunFailure) -> HeldOutExchange {
        if let list = object["messages"] as? [Any] {
            var messages: [(role: String, text: String)] = []
            for entry in list {
                guard let entry = entry as? [String: Any], let role = entry["role"] as? String,
                    let text = entry["content"] as? String
                else { throw .badInput("\(place): expected messages of the form {\"role\": …, \"content\": …}") }
                messages.append((role, text))
            }
            guard let last = messages.popLast(), last.role == "assistant", !messages.isEmpty else {
                throw .badInput("\(place): expected a message of the assistant behind others")
            }
            return HeldOutExchange(line: line, messages: messages, response: last.text)
        }
        guard let prompt = object["prompt"] as? String, let response = object["response"] as? String else {
            let keys = object.keys.sorted().prefix(8).joined(separator: ", ").printable(limit: 200)
            throw .badInput(
                "\(place): expected texts for \"prompt\" and \"response\", \"messages\", or \"input_ids\"; got the keys \(keys)"
            )
        }
        var messages: [(role: String, text: String)] = []
        if let system = object["system"] as? String, !system.isEmpty { messages.append(("system", system)) }
        if let history = object["history"], !(history is NSNull) {
            guard let rounds = history as? [[String]], rounds.allSatisfy({ $0.count == 2 }) else {
                throw .badInput("\(place): expected a history of the form [[prompt, response], …]")
            }
            for round in rounds { messages += [("user", round[0]), ("assistant", round[1])] }
        }
        return HeldOutExchange(line: line, messages: messages + [("user", prompt)], response: response)
    }
}
