internal import Systems

/// What a SentencePiece `.model` file holds (https://github.com/google/sentencepiece, sentencepiece_model.proto): pieces
/// with scores, and how a text is normalised before it is cut.
struct SentencePieceModel: Sendable {
    enum Algorithm: UInt64, Sendable { case unigram = 1, bpe, word, character }

    enum Kind: UInt64, Sendable { case normal = 1, unknown, control, userDefined, unused, byte }

    struct Piece: Hashable, Sendable {
        var text: [UInt8]
        var score: Float = 0
        var kind = Kind.normal
    }

    /// How a text is normalised; the values here are those of a file that says nothing.
    struct Normalization: Hashable, Sendable {
        /// Which characters become which; empty for none.
        var charsmap: [UInt8] = []
        var addsDummyPrefix = true
        var removesExtraWhitespace = true
        var escapesWhitespace = true
    }

    var path: String
    var algorithm = Algorithm.unigram
    var pieces: [Piece] = []
    var normalization = Normalization()
    var hasByteFallback = false
    var treatsWhitespaceAsSuffix = false
    /// What an unknown piece decodes to.
    var unknownSurface = Array(" \u{2047} ".utf8)
    var beginning = "<s>", end = "</s>", padding = "<pad>"

    static let fileLimit = 64 << 20
    /// Four times the largest known vocabulary.
    static let pieceLimit = 1 << 20
    static let pieceBytes = 4096
    /// Of all pieces together: eight times the largest known vocabulary.
    static let totalBytes = 16 << 20

    /// - Throws: where the file breaks the format, and for what the library would not survive.
    init(path: String) throws(TokenizerError) {
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try File.read(path, limit: Self.fileLimit) } catch {
            throw TokenizerError(error)
        }
        try self.init(bytes, path: path)
    }
}
