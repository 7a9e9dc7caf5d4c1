/// Byte-pair encoding over pieces with scores (https://arxiv.org/abs/1508.07909): of all neighbours that make a piece
/// together, those with the best score become one first, of equals the leftmost.
struct BytePairSegmenter: Sendable {
    private let table: ByteStringTable
    private let scores: [Float]
    /// Pieces that other pieces are made of, but no text is cut into.
    private let unused: Set<Int32>
    private let symbols: PieceTrie?
    private let unknown: Int32

    init(_ model: SentencePieceModel, _ table: ByteStringTable, unknown: Int32) {
        self.table = table
        self.unknown = unknown
        scores = model.pieces.map(\.score)
        unused = Set(model.pieces.indices.lazy.filter { model.pieces[$0].kind == .unused }.map(Int32.init))
        symbols = model.userDefined
    }

    /// Whether a part's pieces depend on the part alone.
    var isLocal: Bool { unused.isEmpty }

    /// What work on a text needs, kept from one to the next.
    struct Scratch {
        fileprivate var symbols: [Symbol] = []
        fileprivate var agenda: [Pair] = []
        /// For each unused piece that was made, the bytes of its left half.
        fileprivate var halves: [Int32: Int] = [:]
    }

    /// A stretch of the text, of nothing once it is part of its left neighbour.
    fileprivate struct Symbol {
        var start: Int32
        var end: Int32
        var previous: Int32
        var next: Int32
        var isFrozen: Bool
        var size: Int32 { end - start }
    }

    fileprivate struct Pair {
        var score: Float
        var left: Int32
        var right: Int32
        /// Bytes of both: more or fewer by now say that one of them is another.
        var size: Int32

        func isBefore(_ other: Pair) -> Bool {
            score > other.score || (score == other.score && left < other.left)
        }
    }

    /// Appends the pieces of `text[range]`.
    func append(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: inout Scratch, to result: inout [Segment]
    ) {
        let part = UnsafeBufferPointer(rebasing: text[range])
        split(part, &scratch)
        for right in scratch.symbols.indices.dropFirst() { propose(Int32(right) - 1, Int32(right), part, &scratch) }
        while let pair = scratch.agenda.popBest() { merge(pair, part, &scratch) }
        var at: Int32 = 0
        while at >= 0, at < scratch.symbols.count {
            let symbol = scratch.symbols[Int(at)]
            emit(part, Int(symbol.start)..<Int(symbol.end), scratch.halves, at: range.lowerBound, to: &result)
            at = symbol.next
        }
    }

    /// Characters, and the user's symbols as a whole.
    private func split(_ part: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch) {
        scratch.symbols.removeAll(keepingCapacity: true)
        scratch.agenda.removeAll(keepingCapacity: true)
        scratch.halves.removeAll(keepingCapacity: true)
        var at = 0
        while at < part.count {
            let symbol = symbols?.longest(in: part, at: at)
            let end = symbol ?? at + part.scalar(at: at).byteCount
            let index = Int32(scratch.symbols.count)
            scratch.symbols.append(
                Symbol(
                    start: Int32(at), end: Int32(end), previous: index - 1, next: end < part.count ? index + 1 : -1,
                    isFrozen: symbol != nil))
            at = end
        }
    }

    private func propose(_ left: Int32, _ right: Int32, _ part: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch) {
        guard left >= 0, right >= 0 else { return }
        let (first, second) = (scratch.symbols[Int(left)], scratch.symbols[Int(right)])
        guard !first.isFrozen, !second.isFrozen else { return }
        let bytes = UnsafeBufferPointer(rebasing: part[Int(first.start)..<Int(second.end)])
        guard let id = table.find(bytes) else { return }
        scratch.agenda.add(
            Pair(score: scores[Int(id)], left: left, right: right, size: first.size + second.size))
        if !unused.isEmpty, unused.contains(id) { scratch.halves[id] = Int(first.size) }
    }

    private func merge(_ pair: Pair, _ part: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch) {
        let (left, right) = (Int(pair.left), Int(pair.right))
        let (first, second) = (scratch.symbols[left], scratch.symbols[right])
        guard first.size > 0, second.size > 0, first.size + second.size == pair.size else { return }
        scratch.symbols[left].end = second.end
        scratch.symbols[left].next = second.next
        if second.next >= 0 { scratch.symbols[Int(second.next)].previous = pair.left }
        scratch.symbols[right].end = second.start
        propose(first.previous, pair.left, part, &scratch)
        propose(pair.left, second.next, part, &scratch)
    }

    /// Appends a piece, or the halves of one that no text is cut into.
    private func emit(
        _ part: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ halves: [Int32: Int], at offset: Int,
        to result: inout [Segment]
    ) {
        var open = [range]
        while let next = open.popLast() {
            var id = table.find(UnsafeBufferPointer(rebasing: part[next])) ?? unknown
            if !unused.isEmpty, unused.contains(id) {
                if let half = halves[id], half < next.count {
                    open.append(next.lowerBound + half..<next.upperBound)
                    open.append(next.lowerBound..<next.lowerBound + half)
                    continue
                }
                id = unknown
            }
            result.append(Segment(start: offset + next.lowerBound, end: offset + next.upperBound, id: id))
        }
    }
}

/// A binary heap whose first is the best.
extension [BytePairSegmenter.Pair] {
    fileprivate mutating func add(_ pair: Element) {
        append(pair)
        var at = count - 1
        while at > 0, self[at].isBefore(self[(at - 1) / 2]) {
            swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    fileprivate mutating func popBest() -> Element? {
        guard let best = first, let last = popLast() else { return nil }
        guard !isEmpty else { return best }
        self[0] = last
        var at = 0
        while true {
            var child = 2 * at + 1
            guard child < count else { return best }
            if child + 1 < count, self[child + 1].isBefore(self[child]) { child += 1 }
            guard self[child].isBefore(self[at]) else { return best }
            swapAt(at, child)
            at = child
        }
    }
}
