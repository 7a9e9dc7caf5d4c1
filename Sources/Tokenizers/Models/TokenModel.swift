/// What makes tokens of a piece of text.
enum TokenModel: Sendable {
    case bpe(BPEModel)
    case unigram(UnigramModel)

    /// Memory that encoding reuses.
    struct Workspace {
        fileprivate var bpe = BPEModel.Workspace()
        fileprivate var unigram = UnigramModel.Workspace()
        fileprivate var cache = WordCache()
    }

    /// Appends the tokens of the text's pieces.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ pieces: [Span], _ workspace: inout Workspace, _ sink: inout TokenSink
    ) throws(TokenizerError) {
        guard case .bpe(let model) = self, let cuts = model.cuts else {
            for piece in pieces { try encode(text, piece.range, &workspace, &sink) }
            return
        }
        for piece in pieces {
            var start = Int(piece.start)
            while start < piece.end {
                let end = cuts.cut(text, start, end: Int(piece.end))
                try encode(text, start..<end, &workspace, &sink)
                start = end
            }
        }
    }

    @inline(__always) private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace, _ sink: inout TokenSink
    ) throws(TokenizerError) {
        guard !sink.tracks, range.count <= WordCache.longestWord else {
            return try encodeNew(text, range, &workspace, &sink)
        }
        let word = UnsafeBufferPointer(rebasing: text[range])
        let hash = SeededHash.of(word)
        if workspace.cache.append(word, hash: hash, to: &sink.ids) { return }
        let start = sink.ids.count
        try encodeNew(text, range, &workspace, &sink)
        workspace.cache.insert(word, hash: hash, sink.ids[start...])
    }

    private func encodeNew(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace, _ sink: inout TokenSink
    ) throws(TokenizerError) {
        switch self {
        case .bpe(let model): model.encode(text, range, &workspace.bpe, &sink)
        case .unigram(let model): try model.encode(text, range, &workspace.unigram, &sink)
        }
    }
}
