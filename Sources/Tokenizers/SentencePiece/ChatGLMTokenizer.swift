/// ChatGLM-6B's tokenizer: a SentencePiece model, `ice_text.model`, that knows line breaks, tabs and runs of spaces as
/// symbols.
///
///     let tokenizer = try ChatGLMTokenizer(path: "ice_text.model")
///     try tokenizer.encode("你好", addSpecial: true)   // [5, 74874, 130001, 130004]: text, [gMASK], <sop>
package struct ChatGLMTokenizer: Tokenizer {
    private let pieces: SentencePieceTokenizer
    private let firstId: Int32

    /// What the tokenizer has behind its own pieces.
    private static let control = [
        "[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>",
    ]

    /// - Parameters:
    ///   - firstId: of the text's pieces: `num_image_tokens` of tokenizer_config.json, 20000 in the files of March 2023.
    ///   - control: the control symbols, in order, for a file that lacks them.
    package init(path: String, firstId: Int32 = 0, control: [String]? = nil) throws(TokenizerError) {
        var model = try SentencePieceModel(path: path)
        if !model.pieces.contains(where: { $0.text == Array(ChatGLMText.tab.utf8) }) {
            model.appendSymbols(control ?? Self.control)
        }
        pieces = try SentencePieceTokenizer(model, options: SentencePieceOptions(after: ["[gMASK]", "<sop>"]))
        guard 0...1 << 24 ~= firstId else {
            throw .malformed(path: path, place: "the first id", expected: "0 to \(1 << 24)", got: "\(firstId)")
        }
        self.firstId = firstId
    }

    package var vocabularySize: Int { pieces.vocabularySize + Int(firstId) }

    package var specialIds: Set<Int32> { Set(pieces.specialIds.map { $0 + firstId }) }

    package func id(of token: String) -> Int32? { pieces.id(of: token).map { $0 + firstId } }

    package func token(of id: Int32) -> String? { id < firstId ? nil : pieces.token(of: id - firstId) }

    package func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]
    ) throws(TokenizerError) {
        if let byte = text.firstInvalidByte() { throw .notUTF8(byte: byte) }
        let start = ids.count
        let spelled = ChatGLMText(text, tracked: false).bytes
        try spelled.withUTF8Bytes { bytes throws(TokenizerError) in
            try pieces.encode(utf8: bytes, addSpecial: addSpecial, into: &ids)
        }
        if firstId > 0 { for at in start..<ids.count { ids[at] += firstId } }
    }

    package func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText {
        var text = text
        let spelled = text.withUTF8 { ChatGLMText($0, tracked: true) }
        var result = try pieces.encodeWithOffsets(
            String(decoding: spelled.bytes, as: UTF8.self), addSpecial: addSpecial)
        result.ids = result.ids.map { $0 + firstId }
        result.offsets = result.offsets.map { spelled.origins[$0.lowerBound]..<spelled.origins[$0.upperBound] }
        return result
    }

    package func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String {
        if let wrong = ids.first(where: { $0 < firstId || Int($0) >= vocabularySize }) {
            throw .id(wrong, vocabulary: vocabularySize)
        }
        return ChatGLMText.plain(try pieces.decode(ids.map { $0 - firstId }, skipSpecial: skipSpecial))
    }
}

extension SentencePieceModel {
    /// Appends what ChatGLM-6B's tokenizer has behind a file's own pieces: control symbols, white space, bytes.
    fileprivate mutating func appendSymbols(_ control: [String]) {
        pieces += control.map { Piece(text: Array($0.utf8), kind: .control) }
        pieces += ChatGLMText.symbols.map { Piece(text: Array($0.utf8), kind: .userDefined) }
        guard !hasByteFallback else { return }
        let digits = Array("0123456789ABCDEF")
        pieces += (0..<256).map { byte in
            Piece(text: Array("<0x\(digits[byte >> 4])\(digits[byte & 15])>".utf8), kind: .byte)
        }
        hasByteFallback = true
    }
}
