/// Reads `model` of a `tokenizer.json`: vocabulary and merges one by one, since they are nearly all of the file.
struct ModelReader {
    /// Whether the model sees bytes, spelled with GPT-2's letters.
    let isByteLevel: Bool

    private static let supported = "BPE or Unigram"

    func read(_ reader: JSONReader) throws(LoadProblem) -> (Vocabulary, TokenModel) {
        var reader = reader
        var settings: [String: JSONNode] = [:]
        var large: [String: JSONReader] = [:]
        var budget = 1000
        try reader.object { (reader: inout JSONReader, key: String) throws(LoadProblem) in
            guard settings[key] == nil, large[key] == nil, settings.count < 100 else {
                throw .malformed(place: "model", expected: "each key once", got: "\(shownToken(key)) again")
            }
            if ["vocab", "merges"].contains(key) {
                large[key] = reader
                try reader.skip()
            } else {
                settings[key] = try JSONNode(&reader, place: "model.\(key)", budget: &budget)
            }
        }
        guard var vocab = large["vocab"] else { throw .malformed(place: "model", expected: "\"vocab\"", got: "none") }
        // Files of before the library named the kind of model hold merges where it is BPE.
        let kind = try settings["type"]?.string() ?? (large["merges"] != nil ? "BPE" : "")
        switch kind {
        case "BPE":
            guard let merges = large["merges"] else {
                throw .malformed(place: "model", expected: "\"merges\"", got: "none")
            }
            let builder = BPEBuilder(try Self.vocabulary(&vocab, place: "model.vocab"), isByteLevel: isByteLevel)
            return try builder.build(BPESettings(settings), Self.mergeList(merges))
        case "Unigram": return try UnigramBuilder(settings, isByteLevel: isByteLevel).build(vocab)
        default: throw .unsupported(what: "the model \(shownToken(kind))", supported: Self.supported)
        }
    }

    /// `{"token": id}`.
    static func vocabulary(_ reader: inout JSONReader, place: String) throws(LoadProblem) -> Vocabulary {
        // A token takes eight bytes at least: `"a":123,`.
        var vocabulary = Vocabulary(capacity: min(reader.remaining / 8, 1 << 16))
        try reader.object { (reader: inout JSONReader, token: String) throws(LoadProblem) in
            let start = reader.at
            try vocabulary.add(token, id: try reader.count(), place: "\(place), byte \(start)")
        }
        return vocabulary
    }

    /// Merges as `"a b"` or as `["a", "b"]`, handed on one by one.
    private static func mergeList(_ reader: JSONReader) -> BPEBuilder.MergeList {
        { use throws(LoadProblem) in
            var reader = reader
            try reader.array { (reader: inout JSONReader) throws(LoadProblem) in
                let place = reader.at
                if case .string = try reader.kind() {
                    let text = try reader.string()
                    let sides = text.split(separator: " ", omittingEmptySubsequences: false)
                    guard sides.count == 2 else {
                        throw .malformed(
                            place: "model.merges, byte \(place)", expected: "two tokens with a space between them",
                            got: shownToken(text))
                    }
                    try use(String(sides[0]), String(sides[1]))
                } else {
                    var sides: [String] = []
                    try reader.array { (reader: inout JSONReader) throws(LoadProblem) in
                        sides.append(try reader.string())
                        if sides.count > 2 { throw reader.problem("two tokens", "more") }
                    }
                    guard sides.count == 2 else { throw reader.problem("two tokens", "\(sides.count)") }
                    try use(sides[0], sides[1])
                }
            }
        }
    }
}

/// What a BPE model's file says beside vocabulary and merges.
struct BPESettings {
    var unknown: String?
    var fusesUnknown = false
    var fallsBackToBytes = false
    var ignoresMerges = false

    init() {}

    init(_ settings: [String: JSONNode]) throws(LoadProblem) {
        func node(_ key: String) -> JSONNode? { settings[key].flatMap { $0.isNull ? nil : $0 } }
        unknown = try node("unk_token")?.string()
        fusesUnknown = try node("fuse_unk")?.bool() ?? false
        fallsBackToBytes = try node("byte_fallback")?.bool() ?? false
        ignoresMerges = try node("ignore_merges")?.bool() ?? false
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try node(key)?.string(), !text.isEmpty {
                throw .unsupported(what: "BPE's \(key) \(shownToken(text))", supported: "none")
            }
        }
        if let dropout = node("dropout") {
            guard case .number(let share) = dropout.value, share == 0 else {
                throw .unsupported(what: "BPE's dropout", supported: "none")
            }
        }
    }
}
