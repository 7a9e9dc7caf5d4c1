/// A unigram language model (Kudo, https://arxiv.org/abs/1804.10959): of all ways to write a word with pieces the one
/// whose scores, logarithms of probabilities, add up to the most.
final class UnigramModel: Sendable {
    private let trie: PieceTrie
    private let scores: [Double]
    private let ids: ByteStringTable
    private let unknownId: Int32?
    private let byteIds: [Int32]?
    /// What a character that no piece covers adds up to.
    private let unknownScore: Double
    private static let unknownPenalty = 10.0

    /// - Parameters:
    ///   - byteIds: of `<0x00>` to `<0xFF>`, -1 where missing; nil unless the file asks for bytes.
    init(pieces: [(text: String, score: Double)], unknownId: Int32?, byteIds: [Int32]?) {
        var table = ByteStringTable(capacity: pieces.count)
        var keys: [(key: [UInt8], number: Int32)] = []
        // Of a piece that is listed twice the last entry counts.
        for (number, piece) in pieces.enumerated().reversed() where !piece.text.isEmpty {
            guard table.insert(piece.text, Int32(number)) else { continue }
            keys.append((Array(piece.text.utf8), Int32(number)))
        }
        keys.sort { $0.key.lexicographicallyPrecedes($1.key) }
        trie = PieceTrie(sortedKeys: keys.map(\.key), numbers: keys.map(\.number))
        scores = pieces.map(\.score)
        ids = table
        self.unknownId = unknownId
        self.byteIds = byteIds
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
    }

    /// Memory that encoding reuses.
    struct Workspace {
        /// For each byte of a word: the best sum of the pieces that end there, where the last of them begins, and its id.
        fileprivate var sums: [Double] = []
        fileprivate var starts: [Int32] = []
        fileprivate var ids: [Int32] = []
        fileprivate var path: [(range: Range<Int>, id: Int32)] = []
    }

    /// Appends the tokens of a part of the text.
    func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace, _ sink: inout TokenSink
    ) throws(TokenizerError) {
        guard try search(text, range, &workspace) else { return }
        for (range, id) in workspace.path.reversed() { append(text, range, id, &sink) }
    }

    /// Fills in the path, from the end to the beginning.
    private func search(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout Workspace
    ) throws(TokenizerError) -> Bool {
        let count = range.count
        guard count < Int(Int32.max) else { throw .text(expected: "a word below 2 GiB", got: "a longer one") }
        workspace.begin(count)
        let base = range.lowerBound
        var start = 0
        while start < count {
            let length = text.scalar(at: base + start).byteCount
            let sum = workspace.sums[start]
            var coversCharacter = false
            trie.forEachPrefix(text, base + start, range.upperBound) { end, number in
                workspace.reach(end - base, from: start, sum: sum + scores[Int(number)], id: number)
                if end - base - start == length { coversCharacter = true }
            }
            if !coversCharacter {
                guard let unknownId else {
                    throw .text(
                        expected: "characters of the vocabulary, as it has no unknown token",
                        got: shownToken(String(decoding: text[base + start..<base + start + length], as: UTF8.self)))
                }
                workspace.reach(start + length, from: start, sum: sum + unknownScore, id: unknownId)
            }
            start += length
        }
        trace(base, count, &workspace)
        return true
    }

    private func trace(_ base: Int, _ count: Int, _ workspace: inout Workspace) {
        workspace.path.removeAll(keepingCapacity: true)
        var end = count
        while end > 0 {
            let start = Int(workspace.starts[end])
            let id = workspace.ids[end]
            let piece = base + start..<base + end
            // Unknown characters in a row are one token.
            if id == unknownId, let last = workspace.path.last, last.id == id {
                workspace.path[workspace.path.count - 1].range = piece.lowerBound..<last.range.upperBound
            } else {
                workspace.path.append((piece, id))
            }
            end = start
        }
    }

    private func append(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ id: Int32, _ sink: inout TokenSink
    ) {
        guard id == unknownId else { return sink.append(id, range) }
        // Characters that the path took for unknown may spell a token together.
        if let id = ids.find(UnsafeBufferPointer(rebasing: text[range])) { return sink.append(id, range) }
        if let byteIds, text[range].allSatisfy({ byteIds[Int($0)] >= 0 }) {
            for byte in text[range] { sink.append(byteIds[Int(byte)], range) }
        } else {
            sink.append(id, range)
        }
    }
}

extension UnigramModel.Workspace {
    fileprivate mutating func begin(_ count: Int) {
        sums.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        sums.append(contentsOf: repeatElement(0, count: count + 1))
        starts.append(contentsOf: repeatElement(-1, count: count + 1))
        ids.append(contentsOf: repeatElement(0, count: count + 1))
    }

    @inline(__always) fileprivate mutating func reach(_ end: Int, from start: Int, sum: Double, id: Int32) {
        guard starts[end] < 0 || sum > sums[end] else { return }
        sums[end] = sum
        starts[end] = Int32(start)
        ids[end] = id
    }
}
