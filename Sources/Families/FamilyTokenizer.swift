internal import Checkpoints
internal import Systems
package import Tokenizers

/// The tokenizer that lies beside a model's weights.
package enum FamilyTokenizer {
    private static let names = ["tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "ice_text.model"]

    /// The first one that there is.
    /// - Parameter places: as `load` takes them; those that do not exist are passed over.
    package static func load(firstOf places: [String]) throws -> (any Tokenizer)? {
        for place in places where File.exists(place) {
            if let tokenizer = try load(place) { return tokenizer }
        }
        return nil
    }

    /// - Parameter path: a folder, a GGUF file, or a tokenizer's own `.model` file.
    /// - Returns: nil where there is none.
    /// - Throws: `TokenizerError`, or `CheckpointError` of a GGUF file.
    package static func load(_ path: String) throws -> (any Tokenizer)? {
        if path.hasSuffix(".gguf") { return try load(GGUFFile(path: path)) }
        if path.hasSuffix(".model") { return try TokenizerFiles.load(model: path) }
        let present = try File.names(in: path)
        guard present.contains(where: { names.contains($0) || $0.hasSuffix(".tiktoken") }) else { return nil }
        return try TokenizerFiles.load(directory: path)
    }

    private static func load(_ file: GGUFFile) throws -> (any Tokenizer)? {
        func key(_ name: String) -> String { "tokenizer.ggml." + name }
        guard let model = try file.string(key("model")), let tokens = try file.strings(key("tokens")) else {
            return nil
        }
        var vocabulary = GGUFVocabulary(
            model: model, preTokenizer: try file.string(key("pre")), tokens: tokens,
            types: (try file.integers(key("token_type")) ?? []).map { Int32(truncatingIfNeeded: $0) },
            merges: try file.strings(key("merges")) ?? [],
            scores: (try file.floats(key("scores")) ?? []).map { Float($0) })
        vocabulary.beginId = try file.integer(key("bos_token_id"))
        vocabulary.endId = try file.integer(key("eos_token_id"))
        vocabulary.addsBegin = try file.boolean(key("add_bos_token"))
        vocabulary.addsEnd = try file.boolean(key("add_eos_token"))
        vocabulary.addsSpacePrefix = try file.boolean(key("add_space_prefix"))
        return try vocabulary.tokenizer(path: file.path)
    }
}
