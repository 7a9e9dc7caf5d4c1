/// Byte-pair encoding: a word's symbols, merged pair by pair in the order that training found the pairs.
final class BPEModel: Sendable {
    private let alphabet: BPEAlphabet
    private let pairs: PairTable
    private let unknown: UnknownToken?
    /// Words that are one token whatever the merges say; none unless the file asks for that.
    private let wholeWords: ByteStringTable?
    /// Where a word can be cut because no merge reaches across; nil where that is not known.
    let cuts: BPECuts?

    init(
        alphabet: BPEAlphabet, pairs: PairTable, unknown: UnknownToken? = nil, wholeWords: ByteStringTable? = nil,
        cuts: BPECuts? = nil
    ) {
        self.alphabet = alphabet
        self.pairs = pairs
        self.unknown = unknown
        self.wholeWords = wholeWords
        self.cuts = cuts
    }

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
        let inLetters = sink.tracks && leavesOutBytes
        workspace.symbols.load(text, range, alphabet, unknown, inLetters: inLetters)
        workspace.merging.merge(&workspace.symbols, pairs)
        guard sink.tracks else {
            sink.ids.append(contentsOf: workspace.symbols.ids)
            return
        }
        var place = LetterPlace(text, range, inLetters: inLetters)
        for (id, length) in zip(workspace.symbols.ids, workspace.symbols.lengths) {
            sink.append(id, place.take(length))
        }
    }

    /// Whether some byte has no token, and none stands for it either.
    private var leavesOutBytes: Bool {
        if case .bytes(let ids) = alphabet { unknown == nil && ids.contains(-1) } else { false }
    }
}

/// Walks along a word by its symbols' lengths. Where a byte has no token, the symbols behind it seem to stand that much
/// further left, in letters: so do the offsets of `tokenizers`.
private struct LetterPlace {
    private let text: UnsafeBufferPointer<UInt8>
    private let end: Int
    private let inLetters: Bool
    private var at: Int
    /// Letters' bytes of the byte at `at` that were walked over.
    private var inside = 0

    init(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, inLetters: Bool) {
        self.text = text
        self.inLetters = inLetters
        end = range.upperBound
        at = range.lowerBound
    }

    mutating func take(_ length: Int) -> Range<Int> {
        let start = at
        guard inLetters else {
            at += length
            return start..<at
        }
        var rest = length + inside
        inside = 0
        while at < end, case let letter = ByteLetters.length(text[at]), rest >= letter {
            rest -= letter
            at += 1
        }
        inside = rest
        return start..<(rest > 0 ? min(at + 1, end) : at)
    }
}
