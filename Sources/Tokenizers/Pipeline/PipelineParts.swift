/// What a tokenizer is made of: each of the steps from a text to its ids, and those back.
struct PipelineParts: Sendable {
    var vocabulary: Vocabulary
    var model: TokenModel
    var addedTokens: [AddedToken] = []
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var postProcessor: PostProcessor?
    var decoder: TokenDecoder?

    init(vocabulary: Vocabulary, model: TokenModel) {
        self.vocabulary = vocabulary
        self.model = model
    }

    /// Ids of special tokens, and others that the vocabulary gives to the same tokens.
    var specialIds: Set<Int32> {
        let special = addedTokens.filter(\.isSpecial)
        var ids = Set(special.map(\.id))
        guard vocabulary.hasDoubles else { return ids }
        let contents = Set(special.map(\.content))
        for (id, token) in vocabulary.tokens.enumerated() {
            if let token, contents.contains(token) { ids.insert(Int32(id)) }
        }
        return ids
    }

    /// Ids are below this.
    var size: Int { max(vocabulary.size, Int(addedTokens.map(\.id).max() ?? -1) + 1) }
}

extension Normalizer {
    /// Whether the text's first byte may be another than the document's.
    var dropsText: Bool {
        switch self {
        case .form, .lowercase, .prepend: false
        case .stripAccents, .strip, .replace, .precompiled, .controls: true
        case .sequence(let steps): steps.contains(where: \.dropsText)
        }
    }
}

extension PreTokenizer {
    /// Whether it matters which piece begins the document.
    var looksForStart: Bool {
        switch self {
        case .metaspace(let metaspace): metaspace.prefix == .first
        case .sequence(let steps): steps.contains(where: \.looksForStart)
        case .split, .digits, .punctuation, .whitespace, .prefixSpace: false
        }
    }
}
