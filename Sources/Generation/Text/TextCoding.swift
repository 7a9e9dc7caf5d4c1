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
    /// As the model's files say.
    case tokenizer(any Tokenizer)
    /// There is no tokenizer: texts are written as ids, with spaces or commas between them.
    case ids

    /// A prompt's ids.
    /// - Parameter addSpecial: with what the tokenizer puts around a text, as the token that begins it. A chat template
    ///   writes that itself.
    package func encode(_ text: String, addSpecial: Bool = true) throws(RunFailure) -> [Int32] {
        switch self {
        case .bytes: return ByteTokenizer().encode(text)
        case .tokenizer(let tokenizer):
            do { return try tokenizer.encode(text, addSpecial: addSpecial) } catch { throw .badInput(error) }
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

    /// What writes a text while its ids come.
    /// - Parameter prompt: the ids before.
    package func stream(after prompt: [Int32]) -> TextPieces { TextPieces(self, after: prompt) }
}

extension ModelSource {
    /// - Parameter wantsIDs: whether prompts and answers are to be ids, whatever else there is.
    package func textCoding(wantsIDs: Bool) throws(RunFailure) -> TextCoding {
        if wantsIDs { return .ids }
        guard family != nil else {
            try checkWrites()
            return .bytes
        }
        do {
            if let tokenizer = try FamilyTokenizer.load(firstOf: familyPlaces) { return .tokenizer(tokenizer) }
        } catch {
            throw .badInput(error)
        }
        throw .badInput("\(path.printable()): there is no tokenizer: --ids takes and gives ids")
    }
}
