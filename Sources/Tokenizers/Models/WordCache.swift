internal import Glibc

/// The ids of words that were met lately: most words of a text come again and again.
struct WordCache {
    private struct Entry {
        var hash: UInt64 = 0
        var keyStart: UInt32 = 0
        /// 0 for an empty entry.
        var keyCount: UInt32 = 0
        var idStart: UInt32 = 0
        var idCount: UInt32 = 0
    }

    private var entries: [Entry] = []
    private var keys: [UInt8] = []
    private var ids: [Int32] = []
    private var count = 0

    /// Longer words seldom come again.
    static let longestWord = 64
    private static let size = 1 << 16

    /// Appends the ids of a word; false where it is not known.
    @inline(__always) func append(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, to result: inout [Int32]) -> Bool {
        guard !entries.isEmpty else { return false }
        var slot = Int(truncatingIfNeeded: hash) & (Self.size - 1)
        while entries[slot].keyCount != 0 {
            let entry = entries[slot]
            if entry.hash == hash, entry.keyCount == word.count, holds(entry, word) {
                let start = Int(entry.idStart)
                if entry.idCount == 1 {
                    result.append(ids[start])
                } else {
                    result.append(contentsOf: ids[start..<start + Int(entry.idCount)])
                }
                return true
            }
            slot = (slot + 1) & (Self.size - 1)
        }
        return false
    }

    /// Keeps a word that is not known and not empty; forgets all others when they are too many.
    mutating func insert(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, _ wordIds: ArraySlice<Int32>) {
        if entries.isEmpty || count >= Self.size / 2 {
            entries = [Entry](repeating: Entry(), count: Self.size)
            keys.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
            count = 0
        }
        var slot = Int(truncatingIfNeeded: hash) & (Self.size - 1)
        while entries[slot].keyCount != 0 { slot = (slot + 1) & (Self.size - 1) }
        entries[slot] = Entry(
            hash: hash, keyStart: UInt32(keys.count), keyCount: UInt32(word.count), idStart: UInt32(ids.count),
            idCount: UInt32(wordIds.count))
        keys.append(contentsOf: word)
        ids.append(contentsOf: wordIds)
        count += 1
    }

    @inline(__always) private func holds(_ entry: Entry, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = word.baseAddress else { return false }
        return keys.withUnsafeBufferPointer { keys in
            guard let keyBase = keys.baseAddress else { return false }
            return memcmp(keyBase + Int(entry.keyStart), base, word.count) == 0
        }
    }
}
