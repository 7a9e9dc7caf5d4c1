internal import Synchronization

/// What cutting a text needs, kept from one text to the next. Unchecked: `SegmentationScratches` hands it to one thread
/// at a time.
final class SegmentationScratch: @unchecked Sendable {
    var normalized = SentencePieceNormalizer.Normalized()
    var segments: [Segment] = []
    var bytePairs = BytePairSegmenter.Scratch()
    var unigram = UnigramSegmenter.Scratch()
    var cache = WordCache()
    /// Of the best way to the next part.
    var score: Float = 0
}

/// What is in use by no thread now.
final class SegmentationScratches: Sendable {
    private let free = Mutex<[SegmentationScratch]>([])
    /// More threads than this seldom encode at once.
    private static let limit = 16
    /// A scratch that a long text made larger than this is not kept.
    private static let keptBytes = 1 << 20

    func take() -> SegmentationScratch { free.withLock { $0.popLast() } ?? SegmentationScratch() }

    func giveBack(_ scratch: SegmentationScratch) {
        guard scratch.normalized.bytes.capacity <= Self.keptBytes else { return }
        free.withLock { if $0.count < Self.limit { $0.append(scratch) } }
    }
}
