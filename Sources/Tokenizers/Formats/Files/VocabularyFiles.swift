internal import Systems

/// Byte-level BPE as older folders hold it: `vocab.json`, `merges.txt`, and what was added in `added_tokens.json` and
/// `tokenizer_config.json`. The class of tokenizer that the latter names says how a text is split.
struct VocabularyFiles {
    let directory: String

    private static let largestFile = 64 << 20

    /// The classes that have files of this kind.
    private static let classes = ["GPT2Tokenizer", "GPT2TokenizerFast", "Qwen2Tokenizer", "Qwen2TokenizerFast"]

    func tokenizer() throws(TokenizerError) -> PipelineTokenizer {
        let vocabulary = try read("vocab.json", Self.vocabulary)
        let config = try optional("tokenizer_config.json", Self.node)
        let name = try resolve("tokenizer_config.json") { () throws(LoadProblem) in
            try config?.member("tokenizer_class")?.string() ?? "GPT2Tokenizer"
        }
        guard Self.classes.contains(name) else {
            throw .unsupported(
                path: path("tokenizer_config.json"), what: "the class \(shownToken(name)) without a tokenizer.json",
                supported: Self.classes.joined(separator: ", "))
        }
        let (_, model) = try read("merges.txt") { bytes throws(LoadProblem) in
            try BPEBuilder(vocabulary, isByteLevel: true).build(BPESettings(), Self.merges(bytes))
        }
        var parts = PipelineParts(vocabulary: vocabulary, model: model)
        parts.addedTokens = try addedTokens(vocabulary, config)
        parts.decoder = .byteLevel
        let isQwen = name.hasPrefix("Qwen2")
        if isQwen { parts.normalizer = .form(.nfc) }
        parts.preTokenizer = try resolve("tokenizer_config.json") { () throws(LoadProblem) in
            let text = isQwen ? KnownPatterns.qwen2Text : KnownPatterns.gpt2Text
            let split = PreTokenizer.split(.expression(try Pattern(text)), .isolated, inverted: false)
            let addsSpace = try config?.bool("add_prefix_space", default: false) ?? false
            return addsSpace ? .sequence([.prefixSpace, split]) : split
        }
        return try PipelineTokenizer(parts)
    }

    private func addedTokens(_ vocabulary: Vocabulary, _ config: JSONNode?) throws(TokenizerError) -> [AddedToken] {
        var tokens: [Int32: AddedToken] = [:]
        if let listed = try optional("added_tokens.json", Self.node) {
            try resolve("added_tokens.json") { () throws(LoadProblem) in
                for (content, id) in try listed.members() {
                    let id = Int32(try id.count(upTo: Vocabulary.idLimit - 1))
                    tokens[id] = AddedToken(id: id, content: content, isSpecial: false)
                }
            }
        }
        try resolve("tokenizer_config.json") { () throws(LoadProblem) in
            for (key, node) in try config?.member("added_tokens_decoder")?.members() ?? [:] {
                guard let id = Int(key), (0..<Vocabulary.idLimit).contains(id) else {
                    throw .malformed(place: node.place, expected: "an id", got: shownToken(key))
                }
                tokens[Int32(id)] = try AddedToken(node, id: id)
            }
        }
        // GPT-2's own folder does not list the token that its vocabulary ends with.
        if tokens.isEmpty, let id = vocabulary.id("<|endoftext|>") {
            tokens[id] = AddedToken(id: id, content: "<|endoftext|>")
        }
        for token in tokens.values {
            let known = vocabulary.id(token.content) ?? token.id
            let other = vocabulary.token(token.id) ?? token.content
            guard known == token.id, other == token.content else {
                throw .malformed(
                    path: path("vocab.json"), place: "the added token \(shownToken(token.content))",
                    expected: "one id for it", got: "\(token.id), and another token or id in the vocabulary")
            }
        }
        return tokens.values.sorted { $0.id < $1.id }
    }

    // MARK: Files

    private func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }

    private func read<Value>(
        _ name: String, _ parse: (UnsafeBufferPointer<UInt8>) throws(LoadProblem) -> Value
    ) throws(TokenizerError) -> Value {
        let bytes = try TokenizerFile.read(path(name), limit: Self.largestFile)
        return try resolve(name) { () throws(LoadProblem) in
            let outcome: Result<Value, LoadProblem> = bytes.withUnsafeBufferPointer { bytes in
                Result { () throws(LoadProblem) in try parse(bytes) }
            }
            return try outcome.get()
        }
    }

    private func optional<Value>(
        _ name: String, _ parse: (UnsafeBufferPointer<UInt8>) throws(LoadProblem) -> Value
    ) throws(TokenizerError) -> Value? {
        File.exists(path(name)) ? try read(name, parse) : nil
    }

    private func resolve<Value>(
        _ name: String, _ body: () throws(LoadProblem) -> Value
    ) throws(TokenizerError) -> Value {
        do throws(LoadProblem) { return try body() } catch { throw error.error(in: path(name)) }
    }

    private static func vocabulary(_ bytes: UnsafeBufferPointer<UInt8>) throws(LoadProblem) -> Vocabulary {
        var reader = JSONReader(bytes)
        let vocabulary = try ModelReader.vocabulary(&reader, place: "the vocabulary")
        try reader.end()
        return vocabulary
    }

    private static func node(_ bytes: UnsafeBufferPointer<UInt8>) throws(LoadProblem) -> JSONNode {
        var reader = JSONReader(bytes)
        var budget = JSONNode.usualBudget
        let node = try JSONNode(&reader, place: "", budget: &budget)
        try reader.end()
        return node
    }

    /// A merge a line, behind a first line that names the version.
    private static func merges(_ bytes: UnsafeBufferPointer<UInt8>) -> BPEBuilder.MergeList {
        { use throws(LoadProblem) in
            for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                guard let text = String(validating: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self) else {
                    throw .malformed(place: "line \(number + 1)", expected: "UTF-8", got: "other bytes")
                }
                if text.isEmpty || text.hasPrefix("#version") { continue }
                let sides = text.split(separator: " ", omittingEmptySubsequences: false)
                guard sides.count == 2 else {
                    throw .malformed(
                        place: "line \(number + 1)", expected: "two tokens with a space between them",
                        got: shownToken(text))
                }
                try use(String(sides[0]), String(sides[1]))
            }
        }
    }
}
