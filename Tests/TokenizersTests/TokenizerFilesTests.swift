import Foundation
import TestSupport
import Testing
import Tokenizers

/// A model's folder, and which of its files makes the tokenizer.
@Suite struct TokenizerFilesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
    }

    private func load() throws -> any Tokenizer { try TokenizerFiles.load(directory: folder.path) }

    private func refusal() throws -> String { try #require(throws: TokenizerError.self) { try load() }.description }

    /// `vocab.json` and `merges.txt` of a fixture.
    private func writeVocabulary(_ name: String) throws {
        let file = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("\(name)/tokenizer.json")))
        let model = try #require((file as? [String: Any])?["model"] as? [String: Any])
        let merges = try #require(model["merges"] as? [[String]])
        try write("vocab.json", Array(try JSONSerialization.data(withJSONObject: try #require(model["vocab"]))))
        let lines = ["#version: 0.2"] + merges.map { $0.joined(separator: " ") }
        try write("merges.txt", Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    @Test func `an empty folder says which files it lacks`() throws {
        #expect(
            try refusal() == "\(folder.path): no tokenizer: expected tokenizer.json, tokenizer.model, *.tiktoken, or "
                + "vocab.json with merges.txt")
        let error = try #require(throws: TokenizerError.self) {
            try TokenizerFiles.load(directory: folder.path + "/none")
        }
        #expect(error.description.contains("cannot list"), "\(error)")
    }

    @Test func `tokenizer.json goes before all others`() throws {
        try write("tokenizer.model", Array("what is this".utf8))
        try write("qwen.tiktoken", Array("and this".utf8))
        try write("tokenizer.json", Fixture.bytes("unigram/tokenizer.json"))
        #expect(try load().vocabularySize == Fixture.tokenizer("unigram").vocabularySize)
    }

    @Test func `a rank file of unknown length needs its expression`() throws {
        try write("small.tiktoken", Fixture.bytes("ranks/small.tiktoken"))
        let message = try refusal()
        #expect(
            message.contains("a rank file of 420 tokens, whose regular expression is not in it, is not supported"),
            "\(message)")
        #expect(message.contains("qwen (151643)"), "\(message)")
        try write("other.tiktoken", [])
        #expect(try refusal().contains("expected one file *.tiktoken, got \"other.tiktoken\", \"small.tiktoken\""))
    }

    @Test func `tokenizer.model may be a rank file`() throws {
        try write("tokenizer.model", Fixture.bytes("ranks/small.tiktoken"))
        #expect(try refusal().contains("a rank file of 420 tokens"))
    }

    @Test(arguments: [("deepseek", nil), ("qwen2", "Qwen2Tokenizer")])
    func `vocab.json and merges.txt give the ids of the tokenizer.json that was made of them`(
        _ name: String, _ tokenizerClass: String?
    ) throws {
        try writeVocabulary(name)
        if let tokenizerClass {
            try write("tokenizer_config.json", Array("{\"tokenizer_class\": \"\(tokenizerClass)\"}".utf8))
        }
        let (ours, reference) = (try load(), try Fixture.tokenizer(name))
        for text in ["the quick brown", "isn't", "naïve cafe\u{301}", "12"] {
            // The fixture splits as DeepSeek does, which differs elsewhere.
            #expect(try ours.encode(text, addSpecial: false) == reference.encode(text, addSpecial: false), "\(text)")
        }
    }

    @Test func `added tokens stand in the files beside the vocabulary`() throws {
        try writeVocabulary("gpt2")
        try write("added_tokens.json", Array(#"{"<x>": 500}"#.utf8))
        try write(
            "tokenizer_config.json",
            Array(
                #"{"added_tokens_decoder": {"501": {"content": "<y>", "special": true, "lstrip": true, "normalized": false}}}"#
                    .utf8))
        let tokenizer = try load()
        #expect(tokenizer.vocabularySize == 502)
        #expect(tokenizer.specialIds == [501])
        let ids = try tokenizer.encode("a <x> <y>", addSpecial: false)
        #expect(ids.suffix(2) == [500, 501] || ids.last == 501 && ids.contains(500))
        #expect(try tokenizer.decode(ids, skipSpecial: true) == "a <x>")
    }

    @Test(arguments: [
        ("vocab.json", "{\"a\": 0", "vocab.json: byte 7: expected \",\" or \"}\", got the end"),
        ("merges.txt", "a b c\n", "merges.txt: line 1: expected two tokens with a space between them, got \"a b c\""),
        ("merges.txt", "zz zz\n", "merges.txt: merge 0: expected tokens of the vocabulary, got \"zz\""),
        ("added_tokens.json", "{\"a\": 77}", "the added token \"a\": expected one id for it"),
        (
            "tokenizer_config.json", "{\"tokenizer_class\": \"XTokenizer\"}",
            "the class \"XTokenizer\" without a tokenizer.json"
        ),
        (
            "tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"y\"}}}",
            "expected an id, got \"x\""
        ),
    ])
    func `a file that does not fit is named`(_ name: String, _ contents: String, _ message: String) throws {
        try writeVocabulary("gpt2")
        try write(name, Array(contents.utf8))
        let refusal = try refusal()
        #expect(refusal.contains(message), "\(refusal)")
    }
}
