import Datasets
import Families
package import Runs
import Systems
import Tokenizers

/// The tokenizer of a model, wherever a user has it, for those who need no more of the model.
package struct ModelTokenizer: Sendable {
    private let tokenizer: any Tokenizer

    /// - Parameter path: a run directory, a folder, a GGUF file, or a tokenizer's `.model` file.
    /// - Throws: bad input: there is none, or it does not load.
    package init(path: String) throws(RunFailure) {
        do {
            guard let found = try FamilyTokenizer.load(firstOf: ModelSource.familyPlaces(of: path)) else {
                throw RunFailure.badInput("\(path.printable()): there is no tokenizer")
            }
            tokenizer = found
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }

    /// What tells it from others: SHA-256 of its vocabulary.
    package var vocabularyHash: String { ShardManifest.Tokenizer.hash(of: tokenizer) }

    /// A text's ids.
    package func ids(_ text: String, addSpecial: Bool) throws(RunFailure) -> [Int32] {
        do { return try tokenizer.encode(text, addSpecial: addSpecial) } catch { throw .badInput(error) }
    }

    /// The text of ids, special ones spelled out.
    package func text(_ ids: [Int32]) throws(RunFailure) -> String {
        do { return try tokenizer.decode(ids, skipSpecial: false) } catch { throw .badInput(error) }
    }
}
