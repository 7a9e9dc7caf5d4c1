/// Makes a BPE model of a vocabulary and its merges.
struct BPEBuilder {
    /// Hands each merge on, in order.
    typealias MergeList = ((String, String) throws(LoadProblem) -> Void) throws(LoadProblem) -> Void

    private let vocabulary: Vocabulary
    private let isByteLevel: Bool

    /// - Parameter isByteLevel: tokens spell bytes with GPT-2's letters.
    init(_ vocabulary: Vocabulary, isByteLevel: Bool) {
        self.vocabulary = vocabulary
        self.isByteLevel = isByteLevel
    }

    func build(_ settings: BPESettings, _ merges: MergeList) throws(LoadProblem) -> (Vocabulary, TokenModel) {
        var unknown: UnknownToken?
        if let token = settings.unknown {
            // One that the vocabulary lacks matters only where it would be used.
            unknown = vocabulary.id(token).map { UnknownToken(id: $0, fuses: settings.fusesUnknown) }
        }
        let (alphabet, coversAll) = try alphabet(settings)
        var cuts: BPECuts? = !isByteLevel && !settings.ignoresMerges && coversAll ? BPECuts() : nil
        let byteTokens = Set(isByteLevel ? [] : vocabulary.byteIds)
        var pairs = PairTable(capacity: max(vocabulary.size, 16))
        var rank = 0
        var joined = ""
        try merges { (left: String, right: String) throws(LoadProblem) in
            guard let first = vocabulary.id(left), let second = vocabulary.id(right) else {
                let missing = vocabulary.id(left) == nil ? left : right
                throw .malformed(
                    place: "merge \(rank)", expected: "tokens of the vocabulary", got: shownToken(missing))
            }
            joined.removeAll(keepingCapacity: true)
            joined += left
            joined += right
            guard let token = vocabulary.id(joined) else {
                throw .malformed(
                    place: "merge \(rank)", expected: "what it makes to be in the vocabulary",
                    got: "\(shownToken(left)) and \(shownToken(right))")
            }
            guard rank < Int(UInt32.max) else {
                throw .malformed(place: "the merges", expected: "fewer than 2^32", got: "more")
            }
            pairs.insert(first, second, rank: rank, token: token)
            cuts?.add(joined)
            if byteTokens.contains(first) || byteTokens.contains(second) { cuts = nil }
            rank += 1
        }
        let model = BPEModel(
            alphabet: alphabet, pairs: pairs, unknown: unknown,
            wholeWords: settings.ignoresMerges ? wholeWords() : nil, cuts: cuts)
        return (vocabulary, .bpe(model))
    }

    /// The symbols to begin with, and whether every character has some.
    private func alphabet(_ settings: BPESettings) throws(LoadProblem) -> (BPEAlphabet, coversAll: Bool) {
        if isByteLevel {
            let ids = ByteLetters.letters.map { vocabulary.id(String($0)) ?? -1 }
            if settings.fallsBackToBytes, ids.contains(-1) {
                throw .unsupported(
                    what: "byte_fallback behind a ByteLevel pre-tokenizer that leaves out bytes", supported: "either")
            }
            return (.bytes(ids), !ids.contains(-1))
        }
        var map = ScalarMap()
        for (id, token) in vocabulary.tokens.enumerated() {
            guard let token, let scalar = token.unicodeScalars.first, token.unicodeScalars.count == 1 else { continue }
            map.set(scalar, Int32(id))
        }
        let byteIds = settings.fallsBackToBytes ? vocabulary.byteIds : nil
        return (.scalars(map, byteIds: byteIds), byteIds.map { !$0.contains(-1) } ?? false)
    }

    private func wholeWords() -> ByteStringTable {
        var table = ByteStringTable(capacity: vocabulary.size)
        for (id, token) in vocabulary.tokens.enumerated() {
            guard let token else { continue }
            let bytes = isByteLevel ? ByteLetters.bytes(of: token) : Array(token.utf8)
            bytes?.withUnsafeBufferPointer { _ = table.insert($0, Int32(id)) }
        }
        return table
    }
}
