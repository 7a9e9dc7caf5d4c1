import Testing
import Tokenizers

/// A text, and what the library makes of it.
struct LibraryCase: Decodable, Sendable {
    var text: String
    var ids: [Int32]
    var begin: [Int]
    var end: [Int]
    var decoded: String
    var anyIds: [Int32]
    var anyDecoded: String

    static let all = Result { try Fixture.json("SentencePiece/cases.json", as: [String: [LibraryCase]].self) }
}

@Suite struct LibraryCasesTests {
    static let names = ["bpe-bytes", "bpe-unused", "unigram", "unigram-bytes", "suffix", "ice_text"]

    func load(_ name: String) throws -> (SentencePieceTokenizer, [LibraryCase]) {
        let tokenizer = try SentencePieceTokenizer(path: Fixture.path("SentencePiece/\(name).model"))
        return (tokenizer, try #require(try LibraryCase.all.get()[name]))
    }

    @Test(arguments: names) func `Texts are cut into the library's pieces`(_ name: String) throws {
        let (tokenizer, cases) = try load(name)
        for example in cases {
            let ids = try tokenizer.encode(example.text, addSpecial: false)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
            // Now from the cache.
            #expect(try tokenizer.encode(example.text, addSpecial: false) == ids)
        }
    }

    @Test(arguments: names) func `Ids become the library's text, also in an order that no text has`(_ name: String)
        throws
    {
        let (tokenizer, cases) = try load(name)
        for example in cases {
            #expect(utf8(try tokenizer.decode(example.ids, skipSpecial: true)) == utf8(example.decoded))
            #expect(
                utf8(try tokenizer.decode(example.anyIds, skipSpecial: true)) == utf8(example.anyDecoded),
                "\(example.anyIds)")
        }
    }

    @Test(arguments: names) func `Each piece says which bytes of the text it is`(_ name: String) throws {
        let (tokenizer, cases) = try load(name)
        for example in cases {
            let pieces = try tokenizer.encodeWithOffsets(example.text, addSpecial: false)
            #expect(pieces.ids == example.ids)
            for (at, range) in pieces.offsets.enumerated() where example.begin[at] != example.end[at] {
                #expect(range == example.begin[at]..<example.end[at], "\(example.text.debugDescription), piece \(at)")
            }
        }
    }

    @Test func `All bytes of one character stand for the whole of it`() throws {
        let (tokenizer, _) = try load("bpe-bytes")
        let pieces = try tokenizer.encodeWithOffsets("a😀", addSpecial: false)
        #expect(pieces.offsets.suffix(4) == Array(repeating: 1..<5, count: 4)[...])
    }

    @Test func `What decodes is what was encoded, where every space is kept and bytes stand in`() throws {
        let (tokenizer, cases) = try load("bpe-bytes")
        for example in cases where !example.text.contains("\u{2581}") {
            let ids = try tokenizer.encode(example.text, addSpecial: false)
            #expect(utf8(try tokenizer.decode(ids, skipSpecial: true)) == utf8(example.text))
        }
    }

    @Test func `In a unigram model a user's symbol is worth a tenth for each byte behind its first`() throws {
        // What the library does where a way around `ab` adds up to a little less, and to a little more.
        for (score, expected) in [(Float(0.09), ["ab"]), (0.11, ["a", "b"])] {
            let bytes = ModelBytes.model(
                [
                    ModelBytes.piece("ab", .userDefined, score: 0), ModelBytes.piece("a", score: score),
                    ModelBytes.piece("b", score: 0),
                ]
            ) { $0.add(3, bytes: [0x18, 0]) }
            let tokenizer = try SentencePieceTokenizer(bytes: bytes, path: "t.model")
            let ids = try tokenizer.encode("ab", addSpecial: false)
            #expect(ids.compactMap { tokenizer.token(of: $0) } == expected)
        }
    }

    @Test func `Many threads encode with one tokenizer`() async throws {
        let (tokenizer, cases) = try load("unigram-bytes")
        let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try cases.count { try tokenizer.encode($0.text, addSpecial: false) != $0.ids }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test func `A token is found by its bytes, not by what Unicode takes for equal`() throws {
        let (tokenizer, _) = try load("unigram")
        let composed = try #require(tokenizer.id(of: "é"))
        #expect(tokenizer.token(of: composed) == "é")
        #expect(tokenizer.id(of: "e\u{301}") == nil)
    }

    private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
}
