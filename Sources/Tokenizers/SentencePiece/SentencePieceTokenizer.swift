/// A SentencePiece `.model` file (Unigram or BPE, with or without bytes) as a tokenizer.
///
///     let tokenizer = try SentencePieceTokenizer(path: "tokenizer.model", options: .llama())
///     try tokenizer.encode("Hello", addSpecial: true)   // [1, 22557]
package struct SentencePieceTokenizer: Tokenizer {
    let model: Description
    let pieces: [[UInt8]]
    private let names: ByteStringTable
    let options: SentencePieceOptions
    /// Added tokens by id.
    let added: [Int32: String]
    /// Added tokens by spelling, and pieces in their own bytes behind them.
    let addedIds: [[UInt8]: Int32]
    let special: TokenFinder
    let before: [Int32], after: [Int32]
    let segmenter: SentencePieceSegmenter
    package let vocabularySize: Int
    package let specialIds: Set<Int32>

    /// What decoding needs to know of the file.
    struct Description: Sendable {
        var path: String
        var kinds: [SentencePieceModel.Kind]
        var normalization: SentencePieceModel.Normalization
        var unknownSurface: [UInt8]
    }

    /// - Throws: for a file that is damaged, and for options that name a token which it does not have.
    package init(path: String, options: SentencePieceOptions = .plain) throws(TokenizerError) {
        try self.init(SentencePieceModel(path: path), options: options)
    }

    /// A file's bytes, as they stand inside of another file.
    package init(bytes: [UInt8], path: String, options: SentencePieceOptions = .plain) throws(TokenizerError) {
        guard bytes.count <= SentencePieceModel.fileLimit else {
            throw .malformed(
                path: path, place: "the model", expected: "at most \(SentencePieceModel.fileLimit) bytes",
                got: "\(bytes.count)")
        }
        try self.init(SentencePieceModel(bytes, path: path), options: options)
    }

    init(_ source: SentencePieceModel, options: SentencePieceOptions) throws(TokenizerError) {
        var short = source.normalization
        short.charsmap = []
        model = Description(
            path: source.path, kinds: source.pieces.map(\.kind), normalization: short,
            unknownSurface: source.unknownSurface)
        pieces = source.pieces.map(\.text)
        var names = ByteStringTable(capacity: pieces.count)
        for (id, piece) in pieces.enumerated() {
            _ = piece.withUnsafeBufferPointer { names.insert($0, Int32(id)) }
        }
        self.names = names
        self.options = options
        let spelled = AddedNames(options.added)
        added = spelled.texts
        addedIds = spelled.ids
        vocabularySize = try spelled.size(over: source)
        segmenter = try SentencePieceSegmenter(source)

        var special: Set<Int32> = [], symbols: [AddedToken] = []
        for (id, piece) in source.pieces.enumerated() where added[Int32(id)] == nil {
            guard piece.kind == .control || piece.kind == .unknown && options.findsSpecialTokens else { continue }
            special.insert(Int32(id))
            symbols.append(AddedToken(id: Int32(id), content: String(decoding: piece.text, as: UTF8.self)))
        }
        special.formUnion(options.added.lazy.filter(\.isSpecial).map(\.id))
        symbols = options.added.map(\.token) + symbols
        specialIds = special
        self.special = TokenFinder(options.findsSpecialTokens ? symbols.map { ($0, Array($0.content.utf8)) } : [])

        let (table, ids, path) = (names, addedIds, source.path)
        func resolve(_ names: [String]) throws(TokenizerError) -> [Int32] {
            var found: [Int32] = []
            for name in names {
                guard let id = ids[Array(name.utf8)] ?? table.find(name) else {
                    throw .malformed(
                        path: path, place: "the pieces", expected: "the token \(shownToken(name))", got: "none")
                }
                found.append(id)
            }
            return found
        }
        before = try resolve(options.before)
        after = try resolve(options.after)
    }

    package func id(of token: String) -> Int32? { addedIds[Array(token.utf8)] ?? names.find(token) }

    package func token(of id: Int32) -> String? {
        if let text = added[id] { return text }
        guard 0..<pieces.count ~= Int(id) else { return nil }
        return String(decoding: pieces[Int(id)], as: UTF8.self)
    }
}

/// Added tokens, both ways.
private struct AddedNames {
    var texts: [Int32: String] = [:]
    var ids: [[UInt8]: Int32] = [:]

    init(_ tokens: [SentencePieceOptions.Added]) {
        for token in tokens {
            texts[token.id] = token.text
            ids[Array(token.text.utf8)] = token.id
        }
    }

    /// How many ids there are, those of added tokens included.
    func size(over source: SentencePieceModel) throws(TokenizerError) -> Int {
        let largest = texts.keys.max() ?? -1
        guard texts.keys.allSatisfy({ $0 >= 0 && Int($0) < 1 << 24 }) else {
            throw .malformed(
                path: source.path, place: "added tokens", expected: "ids from 0 to \(1 << 24 - 1)", got: "others")
        }
        return max(source.pieces.count, Int(largest) + 1)
    }
}
