import Testing
import Tokenizers

@Suite struct ChatGLMTokenizerTests {
    struct Cases: Decodable {
        struct Case: Decodable {
            var text: String
            var ids: [Int32]
            var decoded: String
        }
        var size: Int
        var gmask: Int32
        var cases: [Case]
    }

    private static let path = Fixture.path("SentencePiece/ice_text.model")

    @Test func `White space is spelled as symbols, which are appended to a file that lacks them`() throws {
        let expected = try Fixture.json("SentencePiece/chatglm.json", as: Cases.self)
        let tokenizer = try ChatGLMTokenizer(path: Self.path)
        #expect(tokenizer.vocabularySize == expected.size)
        #expect(tokenizer.id(of: "[gMASK]") == expected.gmask)
        for example in expected.cases {
            let ids = try tokenizer.encode(example.text, addSpecial: false)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            #expect(Array(try tokenizer.decode(ids, skipSpecial: true).utf8) == Array(example.decoded.utf8))
        }
    }

    @Test func `A text is followed by [gMASK] and <sop>`() throws {
        let tokenizer = try ChatGLMTokenizer(path: Self.path)
        let ids = try tokenizer.encode("one", addSpecial: true)
        #expect(ids.suffix(2).map { tokenizer.token(of: $0) } == ["[gMASK]", "<sop>"])
        #expect(try tokenizer.decode(ids, skipSpecial: true) == "one")
    }

    @Test func `Ids of a file that begins with images are higher by their number`() throws {
        let (first, late) = (
            try ChatGLMTokenizer(path: Self.path), try ChatGLMTokenizer(path: Self.path, firstId: 20000)
        )
        let ids = try first.encode("one\n  two", addSpecial: true)
        let shifted = ids.map { $0 + 20000 }
        #expect(try late.encode("one\n  two", addSpecial: true) == shifted)
        #expect(try late.decode(shifted, skipSpecial: true) == "one\n  two")
        #expect(late.specialIds == Set(first.specialIds.map { $0 + 20000 }))
        #expect(late.token(of: 19999) == nil)
        #expect(throws: TokenizerError.self) { try late.decode([19999], skipSpecial: true) }
    }

    @Test func `Offsets are those of the text as it was given`() throws {
        let tokenizer = try ChatGLMTokenizer(path: Self.path)
        let pieces = try tokenizer.encodeWithOffsets("one\n    two", addSpecial: false)
        let blank = try #require(tokenizer.id(of: "<|blank_4|>"))
        let spaces = try #require(pieces.ids.firstIndex(of: blank))
        #expect(pieces.offsets[spaces] == 4..<8)
        #expect(pieces.offsets[spaces - 1] == 3..<4)
        #expect(pieces.offsets.last?.upperBound == 11)
    }

    @Test func `ChatGLM2's and ChatGLM3's special tokens follow the pieces and are never text`() throws {
        let path = Fixture.path("SentencePiece/bpe-bytes.model")
        let tokenizer = try SentencePieceTokenizer.chatGLM(path: path, tokens: SentencePieceTokenizer.chatGLM3Tokens)
        #expect(tokenizer.id(of: "[MASK]") == 560)
        #expect(tokenizer.id(of: "<|observation|>") == 568)
        #expect(tokenizer.vocabularySize == 569)
        let ids = try tokenizer.encode("one<|user|>", addSpecial: true)
        #expect(ids.prefix(2) == [561, 563])
        #expect(!ids.contains(566))
        #expect(try tokenizer.decode(ids, skipSpecial: true) == "one<|user|>")
    }
}
