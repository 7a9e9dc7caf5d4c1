/// Cuts a text without special tokens into a model's pieces: normalised, then part by part.
struct SentencePieceSegmenter: Sendable {
    private let normalizer: SentencePieceNormalizer
    private let algorithm: Algorithm
    private let borders: PieceBorders
    private let unknown: Int32
    /// The ids of the 256 bytes, where unknown characters fall back to them.
    private let byteIds: [Int32]?
    private let scratches = SegmentationScratches()

    private enum Algorithm {
        case bytePairs(BytePairSegmenter)
        case unigram(UnigramSegmenter)
    }

    init(_ model: SentencePieceModel) throws(TokenizerError) {
        unknown = Int32(model.pieces.firstIndex { $0.kind == .unknown } ?? 0)
        let known: Set<SentencePieceModel.Kind> = [.normal, .userDefined, .unused]
        var table = ByteStringTable(capacity: model.pieces.count)
        for (id, piece) in model.pieces.enumerated() where known.contains(piece.kind) {
            let isNew = piece.text.withUnsafeBufferPointer { table.insert($0, Int32(id)) }
            guard isNew else {
                throw model.wrong(
                    "piece \(id)", "one that is not there yet", shownToken(String(decoding: piece.text, as: UTF8.self)))
            }
        }
        normalizer = try SentencePieceNormalizer(model)
        borders = PieceBorders(model.pieces.lazy.filter { known.contains($0.kind) })
        switch model.algorithm {
        case .bpe: algorithm = .bytePairs(BytePairSegmenter(model, table, unknown: unknown))
        default: algorithm = .unigram(UnigramSegmenter(model, unknown: unknown))
        }
        byteIds = model.hasByteFallback ? model.byteIds : nil
    }

    /// Appends a text's ids.
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - hasPrefix: whether it begins with the model's dummy prefix, if the model has one.
    func append(_ text: UnsafeBufferPointer<UInt8>, hasPrefix: Bool, to ids: inout [Int32]) throws(TokenizerError) {
        let scratch = scratches.take()
        defer { scratches.giveBack(scratch) }
        let start = ids.count
        try forEachPart(of: text, hasPrefix: hasPrefix, tracked: false, scratch) { text, range in
            let part = ids.count
            appendPart(text, range, scratch, to: &ids)
            // Unknown characters that follow each other are one piece.
            if byteIds == nil, part > start, part < ids.count, ids[part] == unknown, ids[part - 1] == unknown {
                ids.remove(at: part)
            }
        }
    }

    /// A text's ids, and the bytes of the text that each stands for.
    func pieces(of text: UnsafeBufferPointer<UInt8>, hasPrefix: Bool) throws(TokenizerError) -> TokenizedText {
        let scratch = scratches.take()
        defer { scratches.giveBack(scratch) }
        var result = TokenizedText()
        try forEachPart(of: text, hasPrefix: hasPrefix, tracked: true, scratch) { text, range in
            cut(text, range, scratch)
            for segment in scratch.segments {
                let origins = scratch.normalized.origins
                add(segment, text, at: origins[segment.start]..<origins[segment.end], to: &result)
            }
        }
        return result
    }

    /// Normalises a text and calls `body` with what may be cut by itself.
    private func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, hasPrefix: Bool, tracked: Bool, _ scratch: SegmentationScratch,
        _ body: (UnsafeBufferPointer<UInt8>, Range<Int>) -> Void
    ) throws(TokenizerError) {
        normalizer.normalize(text, hasPrefix: hasPrefix, tracked: tracked, into: &scratch.normalized)
        let bytes = scratch.normalized.bytes
        guard bytes.count < Int(Int32.max) else {
            throw .text(expected: "less than 2 GiB at once", got: "\(text.count) bytes")
        }
        scratch.score = 0
        bytes.withUnsafeBufferPointer { bytes in
            if case .bytePairs(let segmenter) = algorithm, !segmenter.isLocal {
                body(bytes, 0..<bytes.count)
            } else {
                borders.forEachPart(of: bytes) { body(bytes, $0) }
            }
        }
    }

    /// Cuts a part into `scratch.segments`.
    private func cut(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: SegmentationScratch) {
        scratch.segments.removeAll(keepingCapacity: true)
        switch algorithm {
        case .bytePairs(let segmenter): segmenter.append(text, range, &scratch.bytePairs, to: &scratch.segments)
        case .unigram(let segmenter):
            segmenter.append(text, range, score: &scratch.score, &scratch.unigram, to: &scratch.segments)
        }
    }

    private func appendPart(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: SegmentationScratch, to ids: inout [Int32]
    ) {
        let part = UnsafeBufferPointer(rebasing: text[range])
        // Where equally good ways are chosen by the score so far, a part is not always cut in the same way.
        var isCached = part.count <= WordCache.longestWord
        if case .unigram = algorithm { isCached = false }
        let hash = isCached ? SeededHash.of(part) : 0
        if isCached, scratch.cache.append(part, hash: hash, to: &ids) { return }
        cut(text, range, scratch)
        var result = TokenizedText()
        for segment in scratch.segments { add(segment, text, at: nil, to: &result) }
        ids += result.ids
        if isCached { scratch.cache.insert(part, hash: hash, result.ids[...]) }
    }

    /// Appends a segment: an unknown one as bytes, where the model has them.
    private func add(
        _ segment: Segment, _ text: UnsafeBufferPointer<UInt8>, at range: Range<Int>?, to result: inout TokenizedText
    ) {
        if segment.id == unknown, let byteIds {
            for byte in text[segment.start..<segment.end] {
                result.ids.append(byteIds[Int(byte)])
                if let range { result.offsets.append(range) }
            }
        } else if segment.id == unknown, result.ids.last == unknown {
            if let range, let last = result.offsets.popLast() {
                result.offsets.append(last.lowerBound..<range.upperBound)
            }
        } else {
            result.ids.append(segment.id)
            if let range { result.offsets.append(range) }
        }
    }
}
