/// Which characters become which before a text is cut: `precompiled_charsmap` of a SentencePiece file.
///
/// A double-array trie of 32-bit units (https://github.com/s-yata/darts-clone), whose values are offsets into the texts that
/// stand behind it, each ended by a zero. Nothing says that a file's trie makes sense: each step is checked.
struct Charsmap: Sendable {
    private var units: [UInt32] = []
    private var texts: [UInt8] = []

    /// Eight times Unicode's own longest replacement.
    private static let longestText = 256

    init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
        let place = "normalizer_spec.precompiled_charsmap"
        func unit(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        guard bytes.count > 4, case let size = Int(unit(0)), size > 0, size % 4 == 0, size < bytes.count - 4 else {
            throw .malformed(
                path: path, place: place, expected: "a size that fits its \(bytes.count) bytes", got: "another")
        }
        units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        texts = Array(bytes[(4 + size)...])
        let longest = texts.split(separator: 0).map(\.count).max() ?? 0
        guard texts.last == 0, longest <= Self.longestText, texts.isUTF8 else {
            throw .malformed(
                path: path, place: place,
                expected: "texts of at most \(Self.longestText) bytes of UTF-8, each with a zero behind it",
                got: "others")
        }
    }

    /// The longest rule that begins at `start`: how many bytes it replaces, and where in `texts` its text stands.
    func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (length: Int, text: Range<Int>)? {
        guard var place = step(from: 0, through: 0) else { return nil }
        var found: (length: Int, text: Int)?
        for at in start..<text.count {
            let child = place ^ Int(text[at])
            guard child < units.count, units[child] & 0x8000_00ff == UInt32(text[at]),
                let next = step(from: child, through: child)
            else { break }
            place = next
            if units[child] >> 8 & 1 == 1 {
                let value = Int(units[place] & 0x7fff_ffff)
                if value < texts.count, texts[value] & 0xc0 != 0x80 { found = (at + 1 - start, value) }
            }
        }
        guard let found else { return nil }
        return (found.length, found.text..<(texts[found.text...].firstIndex(of: 0) ?? found.text))
    }

    subscript(_ range: Range<Int>) -> ArraySlice<UInt8> { texts[range] }

    /// Where the children of a unit hang.
    private func step(from unit: Int, through place: Int) -> Int? {
        let value = units[unit]
        let next = place ^ Int(value >> 10) << Int((value & 1 << 9) >> 6)
        return next < units.count ? next : nil
    }
}
