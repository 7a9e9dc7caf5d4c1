internal import Systems

/// The tokenizer of a model's folder, by the files that are there: the first of `tokenizer.json`, `tokenizer.model`,
/// `*.tiktoken`, `vocab.json` with `merges.txt`.
package enum TokenizerFiles {
    /// - Throws: where none of the files is there, or the first cannot be used.
    package static func load(directory: String) throws(TokenizerError) -> any Tokenizer {
        let names: [String]
        do throws(SystemError) { names = try File.names(in: directory) } catch { throw TokenizerError(error) }
        func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }
        if names.contains("tokenizer.json") { return try TokenizerJSON.load(path: path("tokenizer.json")) }
        if names.contains("tokenizer.model") { return try modelFile(path("tokenizer.model")) }
        if names.contains("ice_text.model") { return try ChatGLMTokenizer(path: path("ice_text.model")) }
        let rankFiles = names.filter { $0.hasSuffix(".tiktoken") }
        if let first = rankFiles.first {
            guard rankFiles.count == 1 else {
                throw .noFiles(
                    directory: directory,
                    expected:
                        "one file *.tiktoken, got \(rankFiles.prefix(5).map { shownToken($0) }.joined(separator: ", "))"
                )
            }
            return try RankFile.load(path: path(first))
        }
        if names.contains("vocab.json"), names.contains("merges.txt") {
            return try VocabularyFiles(directory: directory).tokenizer()
        }
        throw .noFiles(directory: directory, expected: Self.expected)
    }

    private static let expected = "tokenizer.json, tokenizer.model, *.tiktoken, or vocab.json with merges.txt"

    /// `tokenizer.model` is SentencePiece's, or a rank file as Llama 3's and GLM-4's are.
    static func modelFile(_ path: String) throws(TokenizerError) -> any Tokenizer {
        let head: [UInt8]
        do throws(SystemError) { head = try RegularFile(path).head(1024) } catch { throw TokenizerError(error) }
        if RankFile.begins(head) { return try RankFile.load(path: path) }
        return try sentencePiece(path)
    }
}
