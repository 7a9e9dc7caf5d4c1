import Testing
import Tokenizers

/// Every kind of file, held to what `tokenizers` makes of the same lines.
@Suite struct FixtureTests {
    @Test(arguments: Fixture.names)
    func `a file of this kind gives the reference's ids`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for item in try Fixture.cases(name) {
            #expect(try tokenizer.encode(item.text, addSpecial: false) == item.ids, "\(item.text.debugDescription)")
            #expect(try tokenizer.encode(item.text, addSpecial: true) == item.special, "\(item.text.debugDescription)")
        }
    }

    @Test(arguments: Fixture.names)
    func `offsets are the reference's, and their ids those without offsets`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for item in try Fixture.cases(name) {
            let plain = try tokenizer.encodeWithOffsets(item.text, addSpecial: false)
            #expect(plain.ids == item.ids)
            #expect(
                plain.offsets.map { [$0.lowerBound, $0.upperBound] } == item.offsets, "\(item.text.debugDescription)")
            let special = try tokenizer.encodeWithOffsets(item.text, addSpecial: true)
            #expect(special.ids == item.special)
            #expect(
                special.offsets.map { [$0.lowerBound, $0.upperBound] } == item.specialOffsets,
                "\(item.text.debugDescription)")
        }
    }

    @Test(arguments: Fixture.names)
    func `ids decode to the reference's text`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for item in try Fixture.cases(name) {
            let ids = try #require(item.special)
            #expect(try tokenizer.decode(ids, skipSpecial: false).utf8.elementsEqual(try #require(item.decoded).utf8))
            #expect(try tokenizer.decode(ids, skipSpecial: true).utf8.elementsEqual(try #require(item.skipped).utf8))
        }
    }

    @Test(arguments: Fixture.names)
    func `text that comes id by id is the whole's`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        for item in try Fixture.cases(name) {
            let ids = try #require(item.special)
            var stream = TextStream(tokenizer, skipSpecial: true)
            var text = ""
            for id in ids { text += try stream.append(id) }
            text += stream.finish()
            #expect(text == item.skipped, "\(item.text.debugDescription)")
        }
    }

    @Test(arguments: Fixture.names, [1, 2, 5])
    func `many documents at once have the ids of each alone`(_ name: String, _ threads: Int) throws {
        let tokenizer = try Fixture.tokenizer(name)
        let texts = try Fixture.cases(name).map(\.text)
        let documents = (0..<40).flatMap { _ in texts }
        let encoded = try tokenizer.encode(documents, addSpecial: true, threads: threads)
        #expect(encoded.ends.count == documents.count)
        let alone = try texts.map { try tokenizer.encode($0, addSpecial: true) }
        for index in documents.indices { #expect(Array(encoded[index]) == alone[index % texts.count]) }
    }

    @Test(arguments: Fixture.names)
    func `every token has an id below the vocabulary's size, and its id that token`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        var count = 0
        for id in 0..<Int32(tokenizer.vocabularySize) {
            guard let token = tokenizer.token(of: id) else { continue }
            count += 1
            #expect(tokenizer.id(of: token) == id)
        }
        #expect(count > 100)
        #expect(tokenizer.token(of: Int32(tokenizer.vocabularySize)) == nil)
        #expect(tokenizer.token(of: -1) == nil)
        #expect(tokenizer.id(of: "no such token") == nil)
        let begin = try #require(tokenizer.id(of: "<s>"))
        #expect(tokenizer.specialIds.contains(begin))
        #expect(!tokenizer.specialIds.contains(try #require(tokenizer.id(of: "fox"))))
    }

    /// Byte-level files without a normaliser promise it.
    @Test(arguments: ["llama3", "deepseek", "smollm"])
    func `any text comes back from its ids`(_ name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        var texts = RandomTexts(seed: 7)
        for length in 0..<120 {
            let text = texts.text(length)
            let back = try tokenizer.decode(try tokenizer.encode(text, addSpecial: false), skipSpecial: false)
            #expect(back.utf8.elementsEqual(text.utf8), "\(text.debugDescription)")
        }
    }

    @Test func `an id without a token has no text`() throws {
        let tokenizer = try Fixture.tokenizer("gpt2")
        let ids = try tokenizer.encode("the", addSpecial: false)
        #expect(try tokenizer.decode([-5] + ids + [1_000_000], skipSpecial: false) == " the")
    }

    @Test func `bytes that are no text are refused with their place`() throws {
        let tokenizer = try Fixture.tokenizer("gpt2")
        var ids: [Int32] = [7]
        for (bytes, place) in [([0x61, 0xFF], 1), ([0x61, 0x62, 0xE4, 0xBD], 2), ([0xED, 0xA0, 0x80], 0)]
            as [([UInt8], Int)]
        {
            #expect(throws: TokenizerError.notUTF8(byte: place)) {
                try bytes.withUnsafeBufferPointer { try tokenizer.encode(utf8: $0, addSpecial: true, into: &ids) }
            }
        }
        #expect(ids == [7])
        let all: [UInt8] = Array("ok".utf8) + [0xC0]
        #expect(throws: TokenizerError.notUTF8(byte: 0)) {
            try tokenizer.encode(all, documents: [0..<2, 2..<3], addSpecial: false, threads: 2)
        }
    }
}
