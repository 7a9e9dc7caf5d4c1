/// The merges that SentencePiece's scores stand for: two neighbours whose joined text is a token merge, those of the
/// highest score first, the leftmost of several.
struct ScoredMerges {
    private let vocabulary: Vocabulary
    /// Whether a token of this id is text that merging may use.
    private let isText: [Bool]
    private let scores: [Float]
    /// Longer tokens have more ways to be cut than any model has.
    private static let longestToken = 1024

    /// - Parameter types: as GGUF numbers them.
    init(_ vocabulary: Vocabulary, types: [Int32], scores: [Float]) {
        self.vocabulary = vocabulary
        isText = scores.indices.map { types.isEmpty || types[$0] == 1 || types[$0] == 4 || types[$0] == 5 }
        self.scores = scores
    }

    func build() throws(LoadProblem) -> (BPEAlphabet, PairTable) {
        var map = ScalarMap()
        var pairs = PairTable(capacity: vocabulary.size)
        let ids = scores.indices.filter { isText[$0] }.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
        var rank = 0
        var last: Float?
        for id in ids {
            guard let token = vocabulary.token(Int32(id)) else { continue }
            if let scalar = token.unicodeScalars.first, token.unicodeScalars.count == 1 { map.set(scalar, Int32(id)) }
            // Tokens of one score merge from left to right, whichever they are.
            if scores[id] != last { rank += 1 }
            last = scores[id]
            try add(token, Int32(id), rank, &pairs)
        }
        let byteIds = vocabulary.byteIds
        return (.scalars(map, byteIds: byteIds.contains(-1) ? nil : byteIds), pairs)
    }

    private func add(_ token: String, _ id: Int32, _ rank: Int, _ pairs: inout PairTable) throws(LoadProblem) {
        guard token.utf8.count <= Self.longestToken else {
            throw .malformed(
                place: "tokenizer.ggml.tokens[\(id)]", expected: "at most \(Self.longestToken) bytes",
                got: "\(token.utf8.count)")
        }
        var cut = token.unicodeScalars.startIndex
        while cut != token.unicodeScalars.endIndex {
            if let left = textId(token.unicodeScalars[..<cut]), let right = textId(token.unicodeScalars[cut...]) {
                pairs.insert(left, right, rank: rank, token: id)
            }
            cut = token.unicodeScalars.index(after: cut)
        }
    }

    private func textId(_ part: Substring.UnicodeScalarView) -> Int32? {
        guard !part.isEmpty, let id = vocabulary.id(String(part)), isText[Int(id)] else { return nil }
        return id
    }
}
