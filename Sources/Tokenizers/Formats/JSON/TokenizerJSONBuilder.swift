/// Makes a tokenizer's steps of what its `tokenizer.json` says.
struct TokenizerJSONBuilder {
    let nodes: [String: JSONNode]
    let model: JSONReader

    init(_ nodes: [String: JSONNode], model: JSONReader) {
        self.nodes = nodes
        self.model = model
    }

    func parts() throws(LoadProblem) -> PipelineParts {
        if let version = nodes["version"], !version.isNull, try version.string() != "1.0" {
            throw .unsupported(what: "version \(shownToken(try version.string()))", supported: "1.0")
        }
        var splitter = PreTokenizerReader()
        let preTokenizer = try given("pre_tokenizer").map { node throws(LoadProblem) in try splitter.read(node) }
        let (vocabulary, tokenModel) = try ModelReader(isByteLevel: splitter.isByteLevel).read(model)
        var parts = PipelineParts(vocabulary: vocabulary, model: tokenModel)
        parts.preTokenizer = preTokenizer ?? nil
        parts.normalizer = try given("normalizer").map { node throws(LoadProblem) in try Normalizer(node) }
        parts.addedTokens = try addedTokens(vocabulary)
        parts.postProcessor = try given("post_processor").map { node throws(LoadProblem) in
            try PostProcessor(node, vocabularySize: parts.size)
        }
        parts.decoder = try given("decoder").map { node throws(LoadProblem) in try TokenDecoder(node) }
        return parts
    }

    private func given(_ key: String) -> JSONNode? { nodes[key].flatMap { $0.isNull ? nil : $0 } }

    private func addedTokens(_ vocabulary: Vocabulary) throws(LoadProblem) -> [AddedToken] {
        var tokens: [AddedToken] = []
        var contents: Set<String> = []
        var ids: Set<Int32> = []
        for node in try given("added_tokens")?.elements() ?? [] {
            let token = try AddedToken(node)
            if token.content.isEmpty { continue }
            guard contents.insert(token.content).inserted else {
                throw .malformed(
                    place: node.place, expected: "each token once", got: "\(shownToken(token.content)) again")
            }
            guard ids.insert(token.id).inserted else {
                throw .malformed(place: node.place, expected: "each id once", got: "\(token.id) again")
            }
            try check(token, vocabulary, node)
            tokens.append(token)
        }
        return tokens
    }

    /// A token that the vocabulary lists too has the same id there, and no other token has it.
    private func check(_ token: AddedToken, _ vocabulary: Vocabulary, _ node: JSONNode) throws(LoadProblem) {
        if let known = vocabulary.id(token.content), known != token.id {
            throw .malformed(
                place: node.place, expected: "the id of \(shownToken(token.content)) in the vocabulary, \(known)",
                got: "\(token.id)")
        }
        if let other = vocabulary.token(token.id), other != token.content {
            throw .malformed(
                place: node.place, expected: "an id of its own for \(shownToken(token.content))",
                got: "\(token.id), which is \(shownToken(other))")
        }
    }
}

extension AddedToken {
    /// As `added_tokens` of a `tokenizer.json` lists it.
    init(_ node: JSONNode) throws(LoadProblem) {
        try self.init(node, id: try node.required("id").count(upTo: Vocabulary.idLimit - 1))
    }

    /// Bytes: no text has a longer mark.
    private static let longestContent = 4096

    init(_ node: JSONNode, id: Int) throws(LoadProblem) {
        self.init(id: Int32(id), content: try node.required("content").string(upTo: Self.longestContent))
        isSpecial = try node.bool("special", default: false)
        singleWord = try node.bool("single_word", default: false)
        takesLeft = try node.bool("lstrip", default: false)
        takesRight = try node.bool("rstrip", default: false)
        isNormalized = try node.bool("normalized", default: !isSpecial)
    }
}

extension Optional {
    /// `map` that passes on the error's type.
    func map<Result, Failure: Error>(
        _ change: (Wrapped) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let self else { return nil }
        return try change(self)
    }
}
