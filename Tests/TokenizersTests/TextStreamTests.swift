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
}
