extension TokenizerFiles {
    /// The tokenizer of a SentencePiece model.
    static func sentencePiece(_ path: String) throws(TokenizerError) -> any Tokenizer {
        throw .unsupported(
            path: path, what: "a SentencePiece model", supported: "tokenizer.json, or a rank file of tiktoken")
    }
}
