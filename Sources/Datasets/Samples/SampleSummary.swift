internal import Systems

/// What must be known of lines before they are trained on.
struct SampleSummary: Hashable {
    /// Ids of the longest sample, padding left out.
    var longest = 0
    /// The largest number that must be in the vocabulary.
    var largest = 0
    /// Samples in whose loss nothing counts.
    var untargeted = 0

    mutating func add(_ line: borrowing SampleLine) {
        longest = max(longest, line.count)
        largest = max(largest, Int(line.largest))
        if line.targetCount == 0 { untargeted += 1 }
    }
}

extension SampleLines {
    /// Parses the first so many lines, some 200 MB/s, and throws where one is no sample. A file of 64 MiB or more is
    /// parsed once: `cache` keeps what was found.
    /// - Parameter suffices: whether the summary of more lines than these will do.
    func summary(
        ofFirst lines: Int, cache: ScanCache, suffices: (SampleSummary) -> Bool = { _ in false }
    ) throws(DatasetError) -> SampleSummary {
        let place = ScanCache.Place(file, "samples")
        let isLarge = file.byteCount >= ScanCache.smallestFile
        if isLarge, let (kept, count) = kept(at: place, in: cache), count == lines || count > lines && suffices(kept) {
            return kept
        }
        if file.byteCount >= ScanCache.longParse { cache.onLongScan?(file.path, file.byteCount) }
        var summary = SampleSummary()
        try read(0..<lines) { (_, line) throws(DatasetError) in summary.add(line) }
        if isLarge { cache.keep([lines, summary.longest, summary.largest, summary.untargeted], at: place) }
        return summary
    }

    private func kept(at place: ScanCache.Place, in cache: ScanCache) -> (SampleSummary, lines: Int)? {
        guard let kept = cache.numbers(at: place, count: 4) else { return nil }
        return (SampleSummary(longest: kept[1], largest: kept[2], untargeted: kept[3]), kept[0])
    }
}
