import Datasets
import Families
import Manifests
package import Runs
import Systems
package import Tokenizers

/// How a model's texts become ids and back.
package enum TextCoding: Sendable {
    /// A token is a byte.
    case bytes
    /// The model's own tokenizer. A text that a chat template wrote has the special tokens already.
    case tokenizer(any Tokenizer, addsSpecial: Bool)
    /// There is no tokenizer: texts are written as ids, with spaces or commas between them.
    case ids

    /// A prompt's ids.
    package func encode(_ text: String) throws(RunFailure) -> [Int32] {
        switch self {
        case .bytes: return ByteTokenizer().encode(text)
        case .tokenizer(let tokenizer, let addsSpecial):
            do { return try tokenizer.encode(text, addSpecial: addsSpecial) } catch { throw .badInput(error) }
        case .ids: return try Self.ids(text)
        }
    }

    /// `1 2 3`, `1,2,3` or `[1, 2, 3]`
    private static func ids(_ text: String) throws(RunFailure) -> [Int32] {
        var inner = Substring(text)
        while let first = inner.first, first.isWhitespace { inner.removeFirst() }
        while let last = inner.last, last.isWhitespace { inner.removeLast() }
        if inner.hasPrefix("["), inner.hasSuffix("]") { inner = inner.dropFirst().dropLast() }
        var ids: [Int32] = []
        for word in inner.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            guard let id = Int32(word), id >= 0 else {
                throw .badInput("prompt: expected ids as in \"1 42 7\", got \(String(word).printable(limit: 60))")
            }
            ids.append(id)
        }
        guard !ids.isEmpty else { throw .badInput("prompt: expected at least one id, as in \"1 42 7\"") }
        return ids
    }

    /// Whether texts are ids.
    package var isIds: Bool {
        guard case .ids = self else { return false }
        return true
    }

    /// What writes a text while its ids come.
    package func stream() -> TextPieces { TextPieces(self) }
}

extension ModelSource {
    /// - Parameter wantsIDs: whether prompts and answers are to be ids, whatever else there is.
    package func textCoding(wantsIDs: Bool) throws(RunFailure) -> TextCoding {
        if wantsIDs { return .ids }
        guard family != nil else {
            try checkWrites()
            return .bytes
        }
        return .tokenizer(try tokenizer(), addsSpecial: true)
    }

    /// The family's.
    package func tokenizer() throws(RunFailure) -> any Tokenizer {
        do {
            if let tokenizer = try FamilyTokenizer.load(familyPath) ?? FamilyTokenizer.load(manifest?.pretrained?.path ?? path)
            {
                return tokenizer
            }
        } catch {
            throw .badInput(error)
        }
        throw .badInput("\(path.printable()): there is no tokenizer: --ids takes and gives ids")
    }
}
