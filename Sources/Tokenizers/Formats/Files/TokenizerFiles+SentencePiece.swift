internal import Systems

extension TokenizerFiles {
    /// The tokenizer of one file: a SentencePiece model, or a rank file of tiktoken.
    package static func load(model path: String) throws(TokenizerError) -> any Tokenizer {
        path.hasSuffix("ice_text.model") ? try ChatGLMTokenizer(path: path) : try modelFile(path)
    }

    /// The tokenizer of a SentencePiece model. What lies beside it says what its texts mean: with tokenizer_config.json it is
    /// read as Hugging Face's classes read it, alone as the library does.
    static func sentencePiece(_ path: String) throws(TokenizerError) -> any Tokenizer {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let configPath = folder + "tokenizer_config.json"
        guard File.exists(configPath) else { return try SentencePieceTokenizer(path: path) }
        let bytes = try TokenizerFile.read(configPath, limit: 16 << 20)
        do throws(LoadProblem) {
            let node: Result<JSONNode, LoadProblem> = bytes.withUnsafeBufferPointer { bytes in
                Result { () throws(LoadProblem) in
                    var reader = JSONReader(bytes)
                    var budget = JSONNode.usualBudget
                    let node = try JSONNode(&reader, place: "", budget: &budget)
                    try reader.end()
                    return node
                }
            }
            return try tokenizer(path, ClassSettings(try node.get()))
        } catch {
            throw error.error(in: configPath)
        }
    }

    /// What tokenizer_config.json says of the class that reads the model.
    private struct ClassSettings {
        var isChatGLM = false
        var beginning: String?
        var end: String?
        var added: [SentencePieceOptions.Added] = []
        var isLegacy = true

        init(_ node: JSONNode) throws(LoadProblem) {
            isChatGLM =
                try node.member("tokenizer_class").map { value throws(LoadProblem) in
                    value.isNull ? false : try value.string() == "ChatGLMTokenizer"
                } ?? false
            beginning =
                try node.bool("add_bos_token", default: true) ? Self.text(node.member("bos_token")) ?? "<s>" : nil
            end = try node.bool("add_eos_token", default: false) ? Self.text(node.member("eos_token")) ?? "</s>" : nil
            if let legacy = try node.member("legacy"), !legacy.isNull { isLegacy = try legacy.bool() }
            for (key, value) in try node.member("added_tokens_decoder")?.members() ?? [:] {
                guard let id = Int32(key), id >= 0 else {
                    throw .malformed(place: value.place, expected: "an id", got: shownToken(key))
                }
                var token = SentencePieceOptions.Added(
                    id: id, text: try value.string("content"), isSpecial: try value.bool("special", default: false))
                token.singleWord = try value.bool("single_word", default: false)
                token.takesLeft = try value.bool("lstrip", default: false)
                token.takesRight = try value.bool("rstrip", default: false)
                added.append(token)
            }
            added.sort { $0.id < $1.id }
        }

        /// A token by its spelling, or as an object that holds it.
        private static func text(_ node: JSONNode?) throws(LoadProblem) -> String? {
            guard let node, !node.isNull else { return nil }
            if let content = try? node.member("content") { return try content.string() }
            return try node.string()
        }
    }

    private static func tokenizer(_ path: String, _ settings: ClassSettings) throws(LoadProblem) -> any Tokenizer {
        do throws(TokenizerError) {
            if settings.isChatGLM {
                let names = settings.added.map(\.text)
                let isThird = names.contains("<|user|>")
                return try SentencePieceTokenizer.chatGLM(
                    path: path,
                    tokens: isThird ? SentencePieceTokenizer.chatGLM3Tokens : SentencePieceTokenizer.chatGLM2Tokens)
            }
            var options = SentencePieceOptions.llama(
                beginning: settings.beginning, end: settings.end, added: settings.added)
            options.addsSpaceAfterSpecial = settings.isLegacy
            return try SentencePieceTokenizer(path: path, options: options)
        } catch {
            throw .malformed(
                place: "the tokenizer that it describes", expected: "one that loads", got: error.description)
        }
    }
}
