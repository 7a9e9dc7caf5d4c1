/// Byte-pair encoding: a word's symbols, merged pair by pair in the order that training found the pairs.
struct BPEModel: Sendable {
    var alphabet: BPEAlphabet
    var pairs: PairTable
    var unknown: UnknownToken?
    /// Words that are one token whatever the merges say; none unless the file asks for that.
    var wholeWords: ByteStringTable?
    /// Where a word can be cut because no merge reaches across; nil where that is not known.
    var cuts: BPECuts?

    /// Memory that encoding reuses.
    struct Workspace {
        var symbols = BPESymbols()
        var merging = BPEMerging()
    }

    /// Appends the tokens of a part of the text.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace, _ sink: inout TokenSink
    ) {
        if let wholeWords, let id = wholeWords.find(UnsafeBufferPointer(rebasing: text[range])) {
            return sink.append(id, range)
        }
        workspace.symbols.load(text, range, alphabet, unknown)
        workspace.merging.merge(&workspace.symbols, pairs)
        guard sink.tracks else {
            sink.ids.append(contentsOf: workspace.symbols.ids)
            return
        }
        var start = range.lowerBound
        for (id, length) in zip(workspace.symbols.ids, workspace.symbols.lengths) {
            sink.append(id, start..<start + length)
            start += length
        }
    }
}
