/// A token is a byte of UTF-8, and its id the byte's value: no file, no special tokens.
package struct BytesTokenizer: Tokenizer, Hashable {
    package let vocabularySize = 256
    package let specialIds: Set<Int32> = []

    package init() {}

    /// Tokens are spelled `<0x0A>`.
    package func id(of token: String) -> Int32? { TokenDecoder.byte(Array(token.utf8)).map { Int32($0) } }

    package func token(of id: Int32) -> String? {
        guard let byte = UInt8(exactly: id) else { return nil }
        return "<0x" + ((byte < 16 ? "0" : "") + String(byte, radix: 16)).uppercased() + ">"
    }

    package func encode(
        utf8 text: UnsafeBufferPointer<UInt8>, addSpecial: Bool, into ids: inout [Int32]
    ) throws(TokenizerError) {
        if let byte = text.firstInvalidByte() { throw .notUTF8(byte: byte) }
        for byte in text { ids.append(Int32(byte)) }
    }

    package func encodeWithOffsets(_ text: String, addSpecial: Bool) throws(TokenizerError) -> TokenizedText {
        var result = TokenizedText()
        var at = 0
        for scalar in text.unicodeScalars {
            let bytes = Array(scalar.utf8)
            for byte in bytes {
                result.ids.append(Int32(byte))
                result.offsets.append(at..<at + bytes.count)
            }
            at += bytes.count
        }
        return result
    }

    package func decode(_ ids: [Int32], skipSpecial: Bool) throws(TokenizerError) -> String {
        String(decoding: ids.compactMap { UInt8(exactly: $0) }, as: UTF8.self)
    }
}
