/// Reads a unigram model from `model` of a `tokenizer.json`.
struct UnigramBuilder {
    private let unknownId: Int?
    private let fallsBackToBytes: Bool

    private static let longestPiece = 4096

    init(_ settings: [String: JSONNode], isByteLevel: Bool) throws(LoadProblem) {
        func node(_ key: String) -> JSONNode? { settings[key].flatMap { $0.isNull ? nil : $0 } }
        guard !isByteLevel else { throw .unsupported(what: "Unigram behind ByteLevel", supported: "Metaspace") }
        unknownId = try node("unk_id")?.count(upTo: Vocabulary.idLimit)
        fallsBackToBytes = try node("byte_fallback")?.bool() ?? false
    }

    /// - Parameter vocab: a list of `["piece", score]`; a piece's place is its id.
    func build(_ vocab: JSONReader) throws(LoadProblem) -> (Vocabulary, TokenModel) {
        var reader = vocab
        var pieces: [(text: String, score: Double)] = []
        // A piece takes eight bytes at least: `["a",0],`.
        var vocabulary = Vocabulary(capacity: min(reader.remaining / 8, 1 << 15))
        try reader.array { (reader: inout JSONReader) throws(LoadProblem) in
            let start = reader.at
            var piece: (text: String?, score: Double?) = (nil, nil)
            try reader.array { (reader: inout JSONReader) throws(LoadProblem) in
                if piece.text == nil {
                    piece.text = try reader.string()
                } else if piece.score == nil {
                    piece.score = try reader.number()
                } else {
                    throw reader.problem("a piece and its score", "more")
                }
            }
            guard let text = piece.text, let score = piece.score else {
                throw .malformed(place: "model.vocab, byte \(start)", expected: "a piece and its score", got: "less")
            }
            guard text.utf8.count <= Self.longestPiece else {
                throw .malformed(
                    place: "model.vocab, byte \(start)", expected: "a piece of at most \(Self.longestPiece) bytes",
                    got: "\(text.utf8.count)")
            }
            try vocabulary.add(text, id: pieces.count, allowsDoubles: true, place: "model.vocab, byte \(start)")
            pieces.append((text, score))
        }
        if let unknownId, unknownId >= pieces.count {
            throw .malformed(
                place: "model.unk_id", expected: "an id below \(pieces.count)", got: "\(unknownId)")
        }
        let model = UnigramModel(
            pieces: pieces, unknownId: unknownId.map { Int32($0) }, byteIds: fallsBackToBytes ? vocabulary.byteIds : nil
        )
        return (vocabulary, .unigram(model))
    }
}
