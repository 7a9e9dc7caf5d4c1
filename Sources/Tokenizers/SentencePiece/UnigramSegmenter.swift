/// The most probable way to cut a text, where pieces are independent of each other (https://arxiv.org/abs/1804.10959): for
/// each place the best way to it, from left to right.
struct UnigramSegmenter: Sendable {
    private let trie: PieceTrie
    /// What a piece adds, for each id.
    private let scores: [Float]
    private let unknown: Int32
    private let unknownScore: Float

    /// How much worse an unknown character is than the least probable piece.
    private static let unknownPenalty: Float = 10

    init(_ model: SentencePieceModel, unknown: Int32) {
        let normal = model.pieces.lazy.filter { $0.kind == .normal }.map(\.score)
        unknownScore = (normal.min() ?? .greatestFiniteMagnitude) - Self.unknownPenalty
        scores = model.pieces.map { piece in
            // A user's symbol is worth more than the usual ways around it, and a long one more than a short one.
            piece.kind == .userDefined ? Float(piece.text.count) * 0.1 - 0.1 : piece.score
        }
        trie = PieceTrie(
            model.pieces.enumerated().filter { $0.element.kind == .normal || $0.element.kind == .userDefined }
                .map { ($0.element.text, Int32($0.offset)) })
        self.unknown = unknown
    }

    /// What work on a text needs, kept from one to the next.
    struct Scratch {
        fileprivate var best: [Node] = []
    }

    /// The best way to a place: its score and its last piece.
    fileprivate struct Node {
        var score: Float = 0
        var start: Int32 = -1
        var id: Int32 = -1
    }

    /// Appends the pieces of `text[range]`.
    /// - Parameter score: of the way to the part's start; becomes that to its end. Scores are rounded as they add up, so
    ///   that of two ways that are equally good the choice depends on it.
    func append(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, score: inout Float, _ scratch: inout Scratch,
        to result: inout [Segment]
    ) {
        let part = UnsafeBufferPointer(rebasing: text[range])
        scratch.best.removeAll(keepingCapacity: true)
        scratch.best.append(contentsOf: repeatElement(Node(), count: part.count + 1))
        scratch.best[0].score = score
        scratch.best.withUnsafeMutableBufferPointer { fill($0, part) }
        score = scratch.best[part.count].score

        let first = result.count
        var end = part.count
        while end > 0 {
            let node = scratch.best[end]
            result.append(
                Segment(start: range.lowerBound + Int(node.start), end: range.lowerBound + end, id: node.id))
            end = Int(node.start)
        }
        result[first...].reverse()
    }

    private func fill(_ best: UnsafeMutableBufferPointer<Node>, _ part: UnsafeBufferPointer<UInt8>) {
        func offer(_ score: Float, _ id: Int32, from start: Int, to end: Int) {
            guard best[end].start < 0 || score > best[end].score else { return }
            best[end] = Node(score: score, start: Int32(start), id: id)
        }
        var start = 0
        while start < part.count {
            let here = best[start].score
            let character = start + part.scalar(at: start).byteCount
            var isKnown = false
            trie.forEachPrefix(part, start, part.count) { end, id in
                offer(scores[Int(id)] + here, id, from: start, to: end)
                if end == character { isKnown = true }
            }
            if !isKnown { offer(unknownScore + here, unknown, from: start, to: character) }
            start = character
        }
    }
}
