/// What a program around SentencePiece adds to a model file: which spellings in a text mean a token, and which tokens stand
/// around it.
package struct SentencePieceOptions: Hashable, Sendable {
    /// A token behind the model's own pieces, or a piece that gets another meaning.
    package struct Added: Hashable, Sendable {
        package var id: Int32
        package var text: String
        package var isSpecial: Bool
        /// `single_word`, `lstrip`, `rstrip` of Hugging Face's files: found only where no part of a word stands beside it;
        /// takes the white space before it, behind it.
        package var singleWord = false
        package var takesLeft = false
        package var takesRight = false

        package init(id: Int32, text: String, isSpecial: Bool = true) {
            self.id = id
            self.text = text
            self.isSpecial = isSpecial
        }

        var token: AddedToken {
            AddedToken(
                id: id, content: text, singleWord: singleWord, takesLeft: takesLeft, takesRight: takesRight,
                isSpecial: isSpecial)
        }
    }

    /// Whether `<s>` in a text is the control symbol, as in Hugging Face's tokenizers, or four characters, as in the
    /// library. It holds for control symbols, the unknown piece, and added tokens.
    package var findsSpecialTokens: Bool
    /// Whether what stands behind a special token begins with a space again, as the text itself does (`legacy` of Hugging
    /// Face's LlamaTokenizer, which is true where tokenizer_config.json does not say otherwise).
    package var addsSpaceAfterSpecial = true
    /// Tokens before and behind a text that is encoded with special tokens.
    package var before: [String]
    package var after: [String]
    package var added: [Added]

    package init(
        findsSpecialTokens: Bool = false, before: [String] = [], after: [String] = [], added: [Added] = []
    ) {
        self.findsSpecialTokens = findsSpecialTokens
        self.before = before
        self.after = after
        self.added = added
    }

    /// As the library itself, and as its Python package.
    package static let plain = SentencePieceOptions()

    /// As Hugging Face's LlamaTokenizer: what tokenizer_config.json says decides.
    /// - Parameters:
    ///   - beginning: `bos_token` where `add_bos_token` is true or absent.
    ///   - end: `eos_token` where `add_eos_token` is true.
    package static func llama(
        beginning: String? = "<s>", end: String? = nil, added: [Added] = []
    ) -> SentencePieceOptions {
        SentencePieceOptions(
            findsSpecialTokens: true, before: beginning.map { [$0] } ?? [], after: end.map { [$0] } ?? [], added: added)
    }
}
