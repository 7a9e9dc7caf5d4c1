import Generation
import TestPlans
import Testing

/// Texts while their tokens come.
@Suite struct AnswerTests {
    private func answer(_ text: String, stops: [String] = []) -> (pieces: [String], isStopped: Bool) {
        var answer = Answer(.bytes, stops: stops, endTokens: [])
        var pieces: [String] = []
        for byte in text.utf8 where !answer.isStopped { pieces.append(answer.append(Int32(byte))) }
        pieces.append(answer.finish())
        #expect(answer.text == pieces.joined())
        return (pieces, answer.isStopped)
    }

    @Test(arguments: ["plain", "grüße", "a€b", "🌊🌊", "e\u{301}"]) func `no piece has half a character`(text: String) {
        let pieces = answer(text).pieces
        #expect(pieces.joined() == text)
        #expect(!pieces.contains { $0.contains("\u{FFFD}") })
    }

    @Test func `bytes that are no text are shown as such, and hold nothing back for good`() {
        var answer = Answer(.bytes, stops: [], endTokens: [])
        let bytes: [Int32] = [0x61, 0xFF, 0x62, 0xE2, 0x82]
        #expect(bytes.map { answer.append($0) } == ["a", "\u{FFFD}", "b", "", ""])
        #expect(answer.finish() == "\u{FFFD}")
    }

    @Test func `a stop text ends the answer before it, and what looks like its beginning is given late`() {
        let (pieces, isStopped) = answer("one, two; three", stops: ["; ", "two!"])
        #expect(pieces.joined() == "one, two" && isStopped)
        #expect(pieces.prefix(9) == ["o", "n", "e", ",", " ", "", "", "", "two"])
        let other = answer("aab aaa", stops: ["aaab"])
        #expect(other.pieces.joined() == "aab aaa" && !other.isStopped)
        #expect(answer("aaaab", stops: ["aaab"]).pieces.joined() == "a")
    }

    @Test func `a token that ends texts has no text`() {
        var answer = Answer(.bytes, stops: [], endTokens: [65])
        #expect([66, 65].map { answer.append($0) } == ["B", ""])
        #expect(answer.ids == [66, 65])
    }

    @Test func `answers that come at once are shown one after the other`() {
        var order = AnswerOrder(count: 3)
        #expect(order.append("b1", to: 1) == "")
        #expect(order.append("a1", to: 0) == "a1")
        #expect(order.finish(1, ending: "\n") == "")
        #expect(order.append("c1", to: 2) == "")
        #expect(order.finish(0, ending: "\n") == "\nb1\nc1")
        #expect(order.append("c2", to: 2) == "c2")
        #expect(order.finish(2, ending: "\n") == "\n")
    }

    @Test func `ids are read as people write them`() throws {
        for text in ["1 42 7", "[1, 42,7]", " 1,42\t7 "] { #expect(try TextCoding.ids.encode(text) == [1, 42, 7]) }
        for text in ["", "[]", "1 x", "-1", "99999999999"] {
            #expect(message { try TextCoding.ids.encode(text) }.contains("expected"), "\(text)")
        }
    }
}
