extension PieceTrie {
    /// - Parameter entries: not empty keys; of equal ones the first counts.
    init(_ entries: [(key: [UInt8], number: Int32)]) {
        var seen: Set<[UInt8]> = []
        let sorted = entries.filter { seen.insert($0.key).inserted }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        self.init(sortedKeys: sorted.map(\.key), numbers: sorted.map(\.number))
    }

    /// The end of the longest key that begins at `start`.
    func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Int? {
        var end: Int?
        forEachPrefix(text, start, text.count) { at, _ in end = at }
        return end
    }
}

extension SentencePieceModel {
    /// Symbols of the user's, which are never cut; nil where there are none.
    var userDefined: PieceTrie? {
        let symbols = pieces.enumerated().filter { $0.element.kind == .userDefined }
        return symbols.isEmpty ? nil : PieceTrie(symbols.map { ($0.element.text, Int32($0.offset)) })
    }
}
