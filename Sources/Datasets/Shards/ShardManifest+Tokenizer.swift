internal import Systems
package import Tokenizers

extension ShardManifest.Tokenizer {
    /// What follows each response where a token is a byte: the one id that no byte has.
    package static let bytesEnd = BytesTokenizer().vocabularySize

    /// A token is a byte; 256 ends a response, so that the vocabulary is 257.
    package static var bytes: Self {
        Self(kind: "bytes", hash: "bytes", vocabulary: bytesEnd + 1, end: bytesEnd, path: nil)
    }

    /// A model's.
    package static func model(_ tokenizer: any Tokenizer, end: Int32, path: String) -> Self {
        Self(
            kind: "model", hash: hash(of: tokenizer), vocabulary: max(tokenizer.vocabularySize, Int(end) + 1),
            end: Int(end), path: path)
    }

    package var isBytes: Bool { kind == "bytes" }

    /// SHA-256 of all tokens in the order of their ids, each behind its length: the same for a vocabulary in two formats.
    package static func hash(of tokenizer: any Tokenizer) -> String {
        var hash = SHA256()
        for id in 0..<Int32(clamping: tokenizer.vocabularySize) {
            let token = Array((tokenizer.token(of: id) ?? "").utf8)
            hash.add(Array("\(token.count):".utf8) + token)
        }
        return hash.finish()
    }
}

extension ShardManifest.Template {
    /// - Parameter text: what decides how conversations are written; nil: the name does.
    package init(name: String, text: String? = nil) {
        var hash = SHA256()
        hash.add(Array((text ?? name).utf8))
        self.init(name: name, hash: hash.finish())
    }
}
