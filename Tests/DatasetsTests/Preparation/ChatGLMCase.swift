import Datasets
import Foundation
import Testing
import Tokenizers

/// A record and what the training scripts of the ChatGLMs make of it; Fixtures/make_samples.py wrote them.
struct ChatGLMCase: Decodable {
    var model: String
    var record: String
    var ids: [Int32]
    var labels: [Int32]
    /// Of each token: of ChatGLM-6B the first positions, then the second ones.
    var positions: [[Int32]]

    static func all() throws -> [Self] {
        let text = try String(contentsOfFile: Prepared.fixture("chatglm.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Self.self, from: Data($0.utf8)) }
    }

    func prepared() throws -> Prepared {
        guard model != "chatglm" else {
            let tokenizer = try Self.firstTokenizer()
            return try Prepared(tokenizer, .chatGLM(.first), end: #require(tokenizer.id(of: "<eop>")))
        }
        let tokenizer = try SentencePieceTokenizer.chatGLM(
            path: Prepared.fixture("bpe-bytes.model"), tokens: SentencePieceTokenizer.chatGLM3Tokens)
        return try Prepared(tokenizer, .chatGLM(model == "chatglm2" ? .second : .third), end: 2)
    }

    static func firstTokenizer() throws -> ChatGLMTokenizer {
        try ChatGLMTokenizer(path: Prepared.fixture("ice_text.model"))
    }
}
