import Testing
import Tokenizers

@Suite struct SpecialTokensTests {
    private func load(_ options: SentencePieceOptions) throws -> SentencePieceTokenizer {
        try SentencePieceTokenizer(path: Fixture.path("SentencePiece/bpe-bytes.model"), options: options)
    }

    @Test func `In the library's way a special token's name in a text is text`() throws {
        let plain = try load(.plain)
        let ids = try plain.encode("one<s>two", addSpecial: false)
        #expect(!ids.contains(1))
        #expect(try plain.decode(ids, skipSpecial: true) == "one<s>two")
    }

    @Test func `In LlamaTokenizer's way it is the token, and what follows begins with a space again`() throws {
        let (plain, llama) = (try load(.plain), try load(.llama()))
        func ids(_ text: String) throws -> [Int32] { try plain.encode(text, addSpecial: false) }
        #expect(try llama.encode("one<s>two", addSpecial: false) == ids("one") + [1] + ids("two"))
        #expect(try llama.encode("one <unk>[X]", addSpecial: false) == ids("one ") + [0, 3])
        #expect(try llama.encode("<s><s>", addSpecial: false) == [1, 1])
        #expect(try llama.decode([1] + ids("one") + [2], skipSpecial: false) == "<s> one</s>")
        #expect(try llama.decode([1] + ids("one") + [2, 0], skipSpecial: true) == "one")
    }

    @Test func `Without legacy nothing behind a special token gets a space`() throws {
        var options = SentencePieceOptions.llama()
        options.addsSpaceAfterSpecial = false
        let (plain, llama) = (try load(.plain), try load(options))
        let ids = try llama.encode("one<s>two", addSpecial: false)
        #expect(try ids.starts(with: plain.encode("one", addSpecial: false) + [1]))
        #expect(try llama.decode(Array(ids.drop { $0 != 1 }), skipSpecial: true) == "two")
        let two = try #require(ids.last.flatMap { llama.token(of: $0) })
        #expect(!two.hasPrefix("\u{2581}"))
    }

    @Test func `Tokens stand around a text only where they are asked for`() throws {
        let llama = try load(.llama(end: "</s>"))
        let ids = try llama.encode("one", addSpecial: false)
        #expect(try llama.encode("one", addSpecial: true) == [1] + ids + [2])
        let pieces = try llama.encodeWithOffsets("one", addSpecial: true)
        #expect(pieces.ids == [1] + ids + [2])
        #expect(pieces.offsets.first == 0..<0)
        #expect(pieces.offsets.last == 3..<3)
    }

    @Test func `Added tokens stand behind the pieces, and the longest counts`() throws {
        let added = [
            SentencePieceOptions.Added(id: 700, text: "<pad>"),
            SentencePieceOptions.Added(id: 701, text: "<pad><pad>", isSpecial: false),
        ]
        let llama = try load(.llama(added: added))
        #expect(llama.vocabularySize == 702)
        #expect(try llama.encode("<pad><pad><pad>", addSpecial: false) == [701, 700])
        #expect(llama.specialIds == [0, 1, 2, 3, 700])
        #expect(try llama.decode([700, 701], skipSpecial: true) == "<pad><pad>")
        #expect(llama.id(of: "<pad>") == 700)
        #expect(llama.token(of: 650) == nil)
        #expect(throws: TokenizerError.id(650, vocabulary: 702)) { try llama.decode([650], skipSpecial: true) }
    }

    @Test func `Options that name no token of the file are an error`() throws {
        #expect(throws: TokenizerError.self) { try load(.llama(beginning: "<bos>")) }
    }

    @Test func `Text comes id by id without broken characters`() throws {
        let tokenizer = try load(.plain)
        for text in ["one 😀 two\n世界 größer", "a😀😀b"] {
            var stream = TextStream(tokenizer, skipSpecial: true)
            var parts: [String] = []
            for id in try tokenizer.encode(text, addSpecial: false) { parts.append(try stream.append(id)) }
            parts.append(stream.finish())
            #expect(parts.joined() == text)
            #expect(!parts.contains { $0.contains("\u{fffd}") })
        }
    }

    @Test func `A text that is no UTF-8 is refused at its first wrong byte`() throws {
        let tokenizer = try load(.plain)
        let text: [UInt8] = [0x61, 0x62, 0xff]
        var ids: [Int32] = []
        #expect(throws: TokenizerError.notUTF8(byte: 2)) {
            try text.withUnsafeBufferPointer { bytes in
                try tokenizer.encode(utf8: bytes, addSpecial: false, into: &ids)
            }
        }
    }
}
