import Foundation
import TestSupport
import Testing
import Tokenizers

/// Rank files of tiktoken, and vocabularies as GGUF files hold them.
@Suite struct RankFileTests {
    private static let llama3 =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
        + "\\s+(?!\\S)|\\s+"

    @Test func `a rank file gives tiktoken's ids, and its text comes back`() throws {
        let tokenizer = try RankFile.load(
            path: Fixture.path("ranks/small.tiktoken"), pattern: Self.llama3, specialTokens: [("<s>", 420)])
        #expect(tokenizer.vocabularySize == 421)
        for item in try Fixture.cases("ranks") {
            let ids = try tokenizer.encode(item.text, addSpecial: true)
            #expect(ids == item.ids, "\(item.text.debugDescription)")
            #expect(try tokenizer.decode(ids, skipSpecial: false).utf8.elementsEqual(item.text.utf8))
        }
    }

    @Test(arguments: [
        ("IQ== 0\nIg==\n", "line 2: expected base64, a space and a rank, got \"Ig==\""),
        ("I 0\n", "line 1: expected base64"),
        ("IQ== -1\n", "line 1: expected base64"), ("IQ== 0\nIQ== 1\n", "line 2: expected each token once"),
        ("IQ== 0\nIg== 0\n", "line 2: expected each id once"),
        ("IQ== 99999999\n", "line 1: expected an id from 0 to 1048575"),
        ("IQ== 0\n", "the file: expected a token for each byte, got none for byte 0"),
        ("{\"a\": 1}", "is JSON text, expected a rank file"),
    ])
    func `a damaged rank file is refused with its line`(_ contents: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.tiktoken"
        try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
        let error = try #require(throws: TokenizerError.self) {
            try RankFile.load(path: path, pattern: Self.llama3, specialTokens: [])
        }
        #expect(error.description.contains(message), "\(error)")
    }

    // MARK: GGUF

    private struct Scored: Decodable {
        var tokens: [String]
        var types: [Int32]
        var scores: [Float]
    }

    private func scored() throws -> GGUFVocabulary {
        let file = try JSONDecoder().decode(Scored.self, from: Data(Fixture.bytes("scores/vocabulary.json")))
        var vocabulary = GGUFVocabulary(model: "llama", tokens: file.tokens, types: file.types, scores: file.scores)
        vocabulary.beginId = 1
        return vocabulary
    }

    @Test func `scores give SentencePiece's ids and text`() throws {
        let tokenizer = try scored().tokenizer(path: "model.gguf")
        for item in try Fixture.cases("scores") {
            #expect(try tokenizer.encode(item.text, addSpecial: false) == item.ids, "\(item.text.debugDescription)")
            #expect(try tokenizer.decode(item.ids, skipSpecial: false) == item.decoded, "\(item.text.debugDescription)")
        }
        #expect(try tokenizer.encode("the", addSpecial: true).first == 1)
        #expect(tokenizer.specialIds == [0, 1, 2])
    }

    private func byteLevel(_ pre: String?) throws -> GGUFVocabulary {
        let file = try JSONSerialization.jsonObject(with: Data(Fixture.bytes("smollm/tokenizer.json")))
        let model = try #require((file as? [String: Any])?["model"] as? [String: Any])
        let vocab = try #require(model["vocab"] as? [String: Int]).sorted { $0.value < $1.value }
        let merges = try #require(model["merges"] as? [[String]]).map { $0.joined(separator: " ") }
        return GGUFVocabulary(model: "gpt2", preTokenizer: pre, tokens: vocab.map(\.key), merges: merges)
    }

    @Test func `merges give the ids of the tokenizer.json that they were taken from`() throws {
        let (ours, reference) = (try byteLevel("smollm").tokenizer(path: "model.gguf"), try Fixture.tokenizer("smollm"))
        for text in try Fixture.cases("smollm").map(\.text)
        where !["<", "[", "fox", "Å", "A\u{30A}"].contains(where: text.contains) {
            #expect(
                try ours.encode(text, addSpecial: false) == reference.encode(text, addSpecial: false),
                "\(text.debugDescription)")
        }
    }

    @Test func `what a vocabulary lacks or does not know is refused by name`() throws {
        func refusal(_ vocabulary: GGUFVocabulary) throws -> String {
            try #require(throws: TokenizerError.self) { try vocabulary.tokenizer(path: "m.gguf") }.description
        }
        #expect(
            try refusal(byteLevel("odd")).hasPrefix(
                "m.gguf: tokenizer.ggml.pre \"odd\" is not supported; expected gpt-2, smollm"))
        #expect(try refusal(byteLevel(nil)).contains("tokenizer.ggml.pre left out"))
        #expect(try refusal(GGUFVocabulary(model: "bert", tokens: ["a"])).contains("tokenizer.ggml.model \"bert\""))
        var vocabulary = try byteLevel("qwen2")
        vocabulary.merges.append("a")
        #expect(
            try refusal(vocabulary).contains(
                "tokenizer.ggml.merges[\(vocabulary.merges.count - 1)]: expected two tokens"))
        vocabulary.merges = ["a zzz"]
        #expect(try refusal(vocabulary).contains("merge 0: expected tokens of the vocabulary, got \"zzz\""))
        vocabulary.types = [1]
        #expect(
            try refusal(vocabulary).contains("tokenizer.ggml.token_type: expected one for each of 420 tokens, got 1"))
        vocabulary = try scored()
        vocabulary.scores.removeLast()
        #expect(
            try refusal(vocabulary).contains(
                "tokenizer.ggml.scores: expected one number for each of 400 tokens, got 399"))
        vocabulary = try scored()
        vocabulary.beginId = 400
        #expect(try refusal(vocabulary).contains("tokenizer.ggml.bos_token_id: expected an id below 400, got 400"))
        vocabulary = try scored()
        vocabulary.tokens[7] = vocabulary.tokens[8]
        #expect(try refusal(vocabulary).contains("tokenizer.ggml.tokens[8]: expected each token once"))
    }
}
