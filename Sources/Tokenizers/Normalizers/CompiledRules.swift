internal import Foundation

/// Rules of replacement as SentencePiece compiles them: a trie of what is replaced, in Darts' double array, and the
/// replacements, each ended by a zero.
struct CompiledRules: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Longer groups of scalars are replaced one by one.
    private static let longestGroup = 6

    private static let longestReplacement = 4096

    /// - Parameter base64: of the length of the trie in bytes as u32, the trie, the replacements.
    init(base64: String, place: String) throws(LoadProblem) {
        guard let data = Data(base64Encoded: base64) else {
            throw .malformed(place: place, expected: "base64", got: shownToken(base64))
        }
        try self.init(Array(data), place: place)
    }

    init(_ data: [UInt8], place: String) throws(LoadProblem) {
        guard data.count >= 4 else { throw .malformed(place: place, expected: "rules", got: "\(data.count) bytes") }
        let size = Int(Self.word(data, 0))
        guard size % 4 == 0, size <= data.count - 4 else {
            throw .malformed(
                place: place, expected: "a trie of at most \(data.count - 4) bytes", got: "one of \(size) bytes")
        }
        units = (0..<size / 4).map { Self.word(data, 4 + 4 * $0) }
        replacements = Array(data[(4 + size)...])
        let longest = replacements.split(separator: 0).map(\.count).max() ?? 0
        guard longest <= Self.longestReplacement else {
            throw .malformed(
                place: place, expected: "replacements of at most \(Self.longestReplacement) bytes", got: "\(longest)")
        }
    }

    private static func word(_ data: [UInt8], _ at: Int) -> UInt32 {
        UInt32(data[at]) | UInt32(data[at + 1]) << 8 | UInt32(data[at + 2]) << 16 | UInt32(data[at + 3]) << 24
    }

    /// A scalar of the changed text, and what it stands for, as `ChangeWriter` has it.
    private typealias Change = (value: UInt32, change: Int)

    /// Appends the changed text.
    func apply(_ source: TextBuffer, into result: inout TextBuffer) {
        var changes: [Change] = []
        for character in String(decoding: source.bytes, as: UTF8.self) {
            let group = Array(character.utf8)
            if group.count < Self.longestGroup, let replacement = replacement(group) {
                Self.put(replacement, for: character.unicodeScalars.count, &changes)
                continue
            }
            for scalar in character.unicodeScalars {
                if let replacement = replacement(Array(scalar.utf8)) {
                    Self.put(replacement, for: 1, &changes)
                } else {
                    changes.append((scalar.value, 0))
                }
            }
        }
        var writer = ChangeWriter()
        for (value, change) in changes { writer.put(value, change, source, &result) }
    }

    /// Adds a replacement of so many scalars. What goes away goes to the scalar before it.
    private static func put(_ replacement: ArraySlice<UInt8>, for count: Int, _ changes: inout [Change]) {
        let values = String(decoding: replacement, as: UTF8.self).unicodeScalars.map(\.value)
        for (index, value) in values.enumerated() { changes.append((value, index < count ? 0 : 1)) }
        if values.count < count, let last = changes.indices.last { changes[last].change -= count - values.count }
    }

    /// What the first rule that begins the group says; nil where there is none.
    private func replacement(_ group: [UInt8]) -> ArraySlice<UInt8>? {
        guard let start = shortestPrefix(group), start < replacements.count else { return nil }
        let end = replacements[start...].firstIndex(of: 0) ?? replacements.count
        return replacements[start..<end]
    }

    /// Darts' common prefix search: the value of the shortest key that the group begins with.
    private func shortestPrefix(_ key: [UInt8]) -> Int? {
        guard let root = units.first else { return nil }
        var at = Int(Self.offset(root))
        for byte in key {
            guard byte != 0 else { return nil }
            at ^= Int(byte)
            guard at < units.count, case let unit = units[at], unit & (1 << 31 | 0xFF) == UInt32(byte) else {
                return nil
            }
            at ^= Int(Self.offset(unit))
            guard at < units.count else { return nil }
            if unit >> 8 & 1 == 1 { return Int(units[at] & 0x7FFF_FFFF) }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & (1 << 9)) >> 6) }
}
