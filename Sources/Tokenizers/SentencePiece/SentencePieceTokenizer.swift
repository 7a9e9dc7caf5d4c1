/// A SentencePiece `.model` file (Unigram or BPE, with or without bytes) as a tokenizer.
///
///     let tokenizer = try SentencePieceTokenizer(path: "tokenizer.model", options: .llama())
///     try tokenizer.encode("Hello", addSpecial: true)   // [1, 22557]
package struct SentencePieceTokenizer: Tokenizer {
    let model: Description
    let pieces: PieceTable
    let options: SentencePieceOptions
    /// Added tokens by id.
    let added: [Int32: String]
    /// Added tokens by spelling, and pieces in their own bytes behind them.
    let addedIds: [[UInt8]: Int32]
    let special: ByteTrie
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
        pieces = PieceTable(source.pieces) { _ in true }
        self.options = options
        let names = AddedNames(options.added)
        added = names.texts
        addedIds = names.ids
        vocabularySize = try names.size(over: source)
        segmenter = try SentencePieceSegmenter(source)

        var special: Set<Int32> = [], symbols: [[UInt8]: Int32] = [:]
        for (id, piece) in source.pieces.enumerated() where added[Int32(id)] == nil {
            guard piece.kind == .control || piece.kind == .unknown && options.findsSpecialTokens else { continue }
            special.insert(Int32(id))
            symbols[piece.text] = Int32(id)
        }
        for token in options.added {
            if token.isSpecial { special.insert(token.id) }
            symbols[Array(token.text.utf8)] = token.id
        }
        specialIds = special
        self.special = ByteTrie(options.findsSpecialTokens ? symbols.map { (key: $0.key, value: $0.value) } : [])

        let (table, ids, path) = (pieces, addedIds, source.path)
        func resolve(_ names: [String]) throws(TokenizerError) -> [Int32] {
            var found: [Int32] = []
            for name in names {
                guard let id = ids[Array(name.utf8)] ?? table.id(of: name) else {
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

    package func id(of token: String) -> Int32? { addedIds[Array(token.utf8)] ?? pieces.id(of: token) }

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
