import Families
package import Runs
import Systems
import Tokenizers

/// The tokenizer of a model, wherever a user has it.
package struct ModelTokenizer: Sendable {
    private let tokenizer: any Tokenizer

    /// - Parameter path: a run directory, a folder, or a GGUF file.
    package init(path: String) throws(RunFailure) {
        let directory = RunDirectory(path)
        let place = File.exists(directory.pretrainedPath) ? directory.pretrainedPath : path
        do {
            guard let tokenizer = try FamilyTokenizer.load(place) else {
                throw RunFailure.badInput("\(path.printable()): there is no tokenizer")
            }
            self.tokenizer = tokenizer
        } catch {
            throw RunFailure(badInput: error)
        }
    }

    /// How many ids it has.
    package var vocabulary: Int { tokenizer.vocabularySize }

    /// A JSON array of a text's ids.
    package func json(_ text: String, _ addSpecial: Bool) throws(RunFailure) -> String {
        do {
            return "[" + (try tokenizer.encode(text, addSpecial: addSpecial)).map { "\($0)" }.joined(separator: ",")
                + "]"
        } catch {
            throw RunFailure(badInput: error)
        }
    }

    package func text(_ ids: [Int32]) throws(RunFailure) -> String {
        do { return try tokenizer.decode(ids, skipSpecial: false) } catch { throw RunFailure(badInput: error) }
    }
}

extension RunFailure {
    fileprivate init(badInput error: any Error) {
        self = error as? RunFailure ?? .badInput(error)
    }
}
