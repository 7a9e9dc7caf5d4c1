extension SentencePieceTokenizer {
    /// The special tokens of ChatGLM2-6B behind the pieces of its `tokenizer.model`, in the order of their ids.
    package static let chatGLM2Tokens = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop"]

    /// Those of ChatGLM3-6B.
    package static let chatGLM3Tokens =
        chatGLM2Tokens + ["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]

    /// ChatGLM2-6B's and ChatGLM3-6B's tokenizer: special tokens behind a file's own pieces, which no text is taken for, and
    /// `[gMASK] sop` before each text.
    ///
    ///     let tokenizer = try SentencePieceTokenizer.chatGLM(path: "tokenizer.model", tokens: chatGLM3Tokens)
    ///     try tokenizer.encode("你好", addSpecial: true)   // [64790, 64792, 36474, 54591]
    package static func chatGLM(path: String, tokens: [String]) throws(TokenizerError) -> SentencePieceTokenizer {
        let model = try SentencePieceModel(path: path)
        let added = tokens.enumerated().map {
            SentencePieceOptions.Added(id: Int32(model.pieces.count + $0.offset), text: $0.element)
        }
        return try SentencePieceTokenizer(
            model, options: SentencePieceOptions(before: ["[gMASK]", "sop"], added: added))
    }
}
