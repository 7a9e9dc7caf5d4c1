/// Text to ids and back.
///
///     let tokenizer = try TokenizerFiles.load(directory: "smollm2")
///     let ids = try tokenizer.encode("The sky is", addSpecial: true)
///     try tokenizer.decode(ids, skipSpecial: true)   // "The sky is"
///
/// A value may be used from many threads at once.
package protocol Tokenizer: Sendable {
    /// Ids are below this, those of added tokens included. Not every id below it need have a token.
    var vocabularySize: Int { get }

    /// Ids of tokens that stand for no text of their own: beginning, end, roles, padding.
    var specialIds: Set<Int32> { get }

    /// The id of a token as its file spells it; nil for one that it does not list.
    func id(of token: String) -> Int32?

    /// The token of an id as its file spells it; nil for an id without one.
    func token(of id: Int32) -> String?

    /// Appends a text's ids.
    /// - Parameters:
    ///   - text: UTF-8; anything else throws.
    ///   - addSpecial: with the tokens that the file puts around a text, as the one that begins it.
    func encode(utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]) throws(TokenizerError)

    /// A text's ids, and for each the part of the text that it stands for.
    func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText

    /// The text of ids. Bytes that are no UTF-8 become U+FFFD, and an id without a token has no text.
    /// - Parameter skipSpecial: leave out `specialIds`.
    func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String
}

/// A text's ids, and which of its bytes each stands for.
package struct TokenizedText: Hashable, Sendable {
    package var ids: [Int32]
    /// For each id a range of the text's UTF-8 bytes, at borders of Unicode scalars: several tokens that share one scalar
    /// have the whole of it. Empty for what was added.
    package var offsets: [Range<Int>]

    package init(ids: [Int32] = [], offsets: [Range<Int>] = []) {
        self.ids = ids
        self.offsets = offsets
    }
}

extension Tokenizer {
    /// A text's ids.
    /// - Parameter addSpecial: with the tokens that the file puts around a text, as the one that begins it. A chat
    ///   template writes these itself: encode its text without.
    package func encode(_ text: String, addSpecial: Bool) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        try text.withUTF8Bytes { bytes throws(TokenizerError) in
            try encode(utf8: bytes, addSpecial: addSpecial, into: &ids)
        }
        return ids
    }
}
