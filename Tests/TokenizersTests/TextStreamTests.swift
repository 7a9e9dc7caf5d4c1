import Testing
import Tokenizers

/// Text that comes id by id.
@Suite struct TextStreamTests {
    private func parts(_ tokenizer: any Tokenizer, _ text: String) throws -> [String] {
        var stream = TextStream(tokenizer, skipSpecial: true)
        var parts: [String] = []
        for id in try tokenizer.encode(text, addSpecial: false) { parts.append(try stream.append(id)) }
        return parts + [stream.finish()]
    }

    @Test func `a character is held back until all of its bytes have come`() throws {
        let tokenizer = try SmallFile.bytes().load()
        #expect(try parts(tokenizer, "aé😀") == ["a", "", "é", "", "", "", "😀", ""])
    }

    @Test func `a character that stays incomplete comes at the end, as a replacement`() throws {
        let tokenizer = try SmallFile.bytes().load()
        var stream = TextStream(tokenizer, skipSpecial: true)
        #expect(try stream.append(0xF0) == "")
        #expect(try stream.append(0x9F) == "")
        #expect(stream.finish() == "\u{FFFD}")
        #expect(stream.finish() == "")
        #expect(try stream.append(0x61) == "a")
    }

    @Test func `bytes that are no text do not hold back what follows`() throws {
        let tokenizer = try SmallFile.bytes().load()
        var stream = TextStream(tokenizer, skipSpecial: true)
        #expect(try [0xFF, 0x61, 0xC3, 0x28].map { try stream.append($0) }.joined() == "\u{FFFD}a\u{FFFD}(")
        var broken = ""
        for _ in 0..<2000 { broken += try stream.append(0xFF) }
        broken += stream.finish()
        #expect(broken == String(repeating: "\u{FFFD}", count: 2000))
    }

    @Test func `bytes of several characters in a row come one character at a time`() throws {
        let tokenizer = try Fixture.tokenizer("llama2")
        let parts = try parts(tokenizer, "𐍈𐍉𐍊")
        #expect(parts.joined() == "𐍈𐍉𐍊")
        #expect(parts.filter { !$0.isEmpty } == ["𐍈", "𐍉", "𐍊"])
    }

    @Test func `the space before a word depends on what stands before it`() throws {
        let tokenizer = try Fixture.tokenizer("llama2")
        let ids = try tokenizer.encode("the", addSpecial: false)
        var alone = TextStream(tokenizer, skipSpecial: true)
        #expect(try ids.map { try alone.append($0) }.joined() == "the")
        var behind = TextStream(tokenizer, skipSpecial: true, after: ids)
        #expect(try ids.map { try behind.append($0) }.joined() == " the")
    }

    @Test func `bytes are a tokenizer too`() throws {
        let tokenizer = BytesTokenizer()
        let text = "aé😀\n"
        let ids = try tokenizer.encode(text, addSpecial: true)
        #expect(ids == text.utf8.map { Int32($0) })
        #expect(try tokenizer.decode([-1] + ids + [256], skipSpecial: true) == text)
        #expect(
            try tokenizer.encodeWithOffsets(text, addSpecial: true).offsets == [
                0..<1, 1..<3, 1..<3, 3..<7, 3..<7, 3..<7, 3..<7, 7..<8,
            ])
        #expect(tokenizer.token(of: 10) == "<0x0A>")
        #expect(tokenizer.id(of: "<0x0A>") == 10)
        #expect(tokenizer.token(of: 256) == nil)
        #expect(tokenizer.id(of: "a") == nil)
        #expect(try parts(tokenizer, text) == ["a", "", "é", "", "", "", "😀", "\n", ""])
        var made: [Int32] = []
        #expect(throws: TokenizerError.notUTF8(byte: 0)) {
            try [UInt8](arrayLiteral: 0xC0).withUnsafeBufferPointer {
                try tokenizer.encode(utf8: $0, addSpecial: false, into: &made)
            }
        }
    }
}
