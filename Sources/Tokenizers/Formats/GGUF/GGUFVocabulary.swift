/// A tokenizer as a GGUF file's metadata holds it (`tokenizer.ggml.…`).
///
///     try GGUFVocabulary(model: "gpt2", preTokenizer: "smollm", tokens: tokens, types: types, merges: merges)
///         .tokenizer(path: "model.gguf")
package struct GGUFVocabulary: Sendable {
    /// `tokenizer.ggml.model`: `gpt2` for byte-level BPE, `llama` for SentencePiece's BPE.
    package var model: String
    /// `tokenizer.ggml.pre`: what splits a text, as `smollm`, `gpt-2`, `llama-bpe` or `qwen2`. SentencePiece's needs none.
    package var preTokenizer: String?
    /// `tokenizer.ggml.tokens`, by id.
    package var tokens: [String]
    /// `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 defined by the user, 5 unused, 6 byte.
    package var types: [Int32]
    /// `tokenizer.ggml.merges`, as `"a b"`: of byte-level BPE.
    package var merges: [String]
    /// `tokenizer.ggml.scores`: of SentencePiece's BPE.
    package var scores: [Float]
    /// `tokenizer.ggml.bos_token_id` and `eos_token_id`, and whether they are put around a text.
    package var beginId: Int?
    package var endId: Int?
    package var addsBegin: Bool?
    package var addsEnd: Bool?
    /// `tokenizer.ggml.add_space_prefix`: of SentencePiece's BPE, whether a text gets a space before it.
    package var addsSpacePrefix: Bool?

    package init(
        model: String, preTokenizer: String? = nil, tokens: [String], types: [Int32] = [], merges: [String] = [],
        scores: [Float] = []
    ) {
        self.model = model
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        self.types = types
        self.merges = merges
        self.scores = scores
    }

    /// - Parameter path: the file's, for errors.
    package func tokenizer(path: String) throws(TokenizerError) -> PipelineTokenizer {
        let parts: PipelineParts
        do throws(LoadProblem) { parts = try self.parts() } catch { throw error.error(in: path) }
        return try PipelineTokenizer(parts)
    }

    private func parts() throws(LoadProblem) -> PipelineParts {
        try check()
        var parts: PipelineParts
        switch model {
        case "gpt2": parts = try byteLevelParts()
        case "llama": parts = try sentencePieceParts()
        default:
            throw .unsupported(what: "tokenizer.ggml.model \(shownToken(model))", supported: "\"gpt2\" or \"llama\"")
        }
        let around = try template()
        if around.count > 1 { parts.postProcessor = .template(around) }
        return parts
    }

    private func check() throws(LoadProblem) {
        guard tokens.count <= Vocabulary.idLimit else {
            throw wrong("tokens", "at most \(Vocabulary.idLimit)", "\(tokens.count)")
        }
        guard types.isEmpty || types.count == tokens.count else {
            throw wrong("token_type", "one for each of \(tokens.count) tokens", "\(types.count)")
        }
        for (key, id) in [("bos_token_id", beginId), ("eos_token_id", endId)] {
            if let id, !tokens.indices.contains(id) { throw wrong(key, "an id below \(tokens.count)", "\(id)") }
        }
    }

    private func wrong(_ key: String, _ expected: String, _ got: String) -> LoadProblem {
        .malformed(place: "tokenizer.ggml.\(key)", expected: expected, got: got)
    }

    private func vocabulary() throws(LoadProblem) -> Vocabulary {
        var vocabulary = Vocabulary(capacity: tokens.count)
        for (id, token) in tokens.enumerated() {
            try vocabulary.add(token, id: id, place: "tokenizer.ggml.tokens[\(id)]")
        }
        return vocabulary
    }

    /// Control tokens are special; those that the user defined are found in texts too.
    private func addedTokens() -> [AddedToken] {
        zip(types, tokens).enumerated().compactMap { id, entry in
            let (type, token) = entry
            guard type == 2 || type == 3 || type == 4, !token.isEmpty else { return nil }
            return AddedToken(id: Int32(id), content: token, isSpecial: type != 4)
        }
    }

    /// Byte-level files say when a beginning is added; SentencePiece's add it unless they say otherwise.
    private func template() throws(LoadProblem) -> [PostProcessor.TemplatePart] {
        var template: [PostProcessor.TemplatePart] = [.text]
        if addsBegin ?? (model == "llama" || preTokenizer == "llama-bpe"), let beginId {
            template.insert(.ids([Int32(beginId)]), at: 0)
        }
        if addsEnd ?? false, let endId { template.append(.ids([Int32(endId)])) }
        return template
    }

    private func byteLevelParts() throws(LoadProblem) -> PipelineParts {
        let kind = try GGUFPreTokenizer(named: preTokenizer)
        let vocabulary = try vocabulary()
        var settings = BPESettings()
        settings.ignoresMerges = kind.ignoresMerges
        let (_, model) = try BPEBuilder(vocabulary, isByteLevel: true).build(settings) { use throws(LoadProblem) in
            for (index, merge) in merges.enumerated() {
                let sides = merge.split(separator: " ", omittingEmptySubsequences: false)
                guard sides.count == 2 else {
                    throw wrong("merges[\(index)]", "two tokens with a space between them", shownToken(merge))
                }
                try use(String(sides[0]), String(sides[1]))
            }
        }
        var parts = PipelineParts(vocabulary: vocabulary, model: model)
        parts.addedTokens = addedTokens()
        parts.normalizer = kind.normalizer
        parts.preTokenizer = try kind.steps()
        parts.decoder = .byteLevel
        return parts
    }

    /// SentencePiece's BPE: any two neighbours whose text is a token may merge, the highest score first.
    private func sentencePieceParts() throws(LoadProblem) -> PipelineParts {
        guard scores.count == tokens.count, !scores.contains(where: \.isNaN) else {
            throw wrong("scores", "one number for each of \(tokens.count) tokens", "\(scores.count)")
        }
        let vocabulary = try vocabulary()
        let unknown = types.firstIndex(of: 2)
        let (alphabet, pairs) = try ScoredMerges(vocabulary, types: types, scores: scores).build()
        let model = BPEModel(
            alphabet: alphabet, pairs: pairs, unknown: unknown.map { UnknownToken(id: Int32($0), fuses: true) })
        var parts = PipelineParts(vocabulary: vocabulary, model: .bpe(model))
        parts.addedTokens = addedTokens()
        let mark = Array("▁".utf8)
        let marks = Normalizer.replace(.literal([UInt8(ascii: " ")]), with: mark)
        let hasPrefix = addsSpacePrefix ?? true
        parts.normalizer = hasPrefix ? .sequence([.prepend(mark), marks]) : marks
        let spaces = TokenDecoder.replace(.literal(mark), with: [UInt8(ascii: " ")])
        parts.decoder = .sequence([spaces, .byteFallback, .fuse] + (hasPrefix ? [.strip(" ", start: 1, stop: 0)] : []))
        return parts
    }
}
